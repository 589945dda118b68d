"""The text form of a graph: everything that the graph holds, and it parses back.

    graph lenet(%x : 1x8x8[0, 16]) {
      %v0 = mac(%x) {weights = tensor<2x1x1x1 [1, -1]>} : 2x8x8[-16, 16] at "lenet.onnx" "conv1"
      return %v0
    }

A type is a shape and a range, `* 1/16` after it is a scale other than 1; a type before quantisation is a shape and
a dtype, `1x8x8:float32`. Attributes with their default value are left out. `//` starts a comment.
"""

from mulfree.ir.text.parser import parse
from mulfree.ir.text.printer import to_text
from mulfree.ir.text.scanner import TextError

__all__ = ["TextError", "parse", "to_text"]
