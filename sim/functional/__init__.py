"""Fast bit-exact execution of integer graphs: packed bits, vector kernels, whole batches.

A graph becomes a plan: buffers, arranged as suits each value (`storage`), and calls of kernels on them, by address, in
one compiled loop (`kernel.execute`). An operator without a kernel is evaluated by its own
definition, between two such loops.

A new arithmetic is one module: a `Combine` (what one word of activations and sixteen lanes of weights add to the
accumulators), `panel(combine, epilogue)` and `sweep` around it in a `Kernel`, and a builder given to `register`.
"""

from mulfree.sim.functional.network import FastNetwork, compile_functional
from mulfree.sim.functional.registry import register

__all__ = ["FastNetwork", "compile_functional", "register"]
