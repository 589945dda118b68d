"""From an imported model in floats to exact integers, thresholds and what the host does around them."""

from mulfree.compiler.streamline.streamline import streamline

__all__ = ["streamline"]
