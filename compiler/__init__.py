"""From an ONNX file to a design: import, streamlining, arithmetic families, folding, lowering."""
