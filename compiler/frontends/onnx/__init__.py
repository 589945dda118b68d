"""Reader of ONNX files: `import_onnx`."""

from mulfree.compiler.frontends.onnx.builder import Builder, Operand, Unsupported
from mulfree.compiler.frontends.onnx.importer import import_onnx
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.onnx.rules import RULES, Rule

__all__ = ["RULES", "Builder", "OnnxNode", "Operand", "Rule", "Unsupported", "import_onnx"]
