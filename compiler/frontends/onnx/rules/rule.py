"""What a rule is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mulfree.compiler.frontends.onnx.builder import Builder, Operand
from mulfree.compiler.frontends.onnx.node import OnnxNode

Rule = Callable[[Builder, OnnxNode], Sequence[Operand]]
"""Adds to the graph what the node means; gives the results in order. Raises Unsupported if it cannot."""
Key = tuple[str, str]
"""Domain and name of an operator."""
Rules = Mapping[str, Rule]
