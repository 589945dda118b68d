"""Put nodes in an order in which every result comes before its use."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.ir import CompileError


def in_topological_order(nodes: Sequence[OnnxNode], known: Iterable[str]) -> list[OnnxNode]:
    """The nodes sorted, in their own order where it already serves.

    `known` are the names defined from outside. Raises CompileError for a name that nothing defines, that is defined
    twice, or that depends on itself.
    """
    defined = set(known) | {""}
    makers = _makers(nodes, defined)
    _check_names(nodes, defined, makers)
    waiting = [len({makers[i] for i in node.inputs if i in makers}) for node in nodes]
    readers: list[list[int]] = [[] for _ in nodes]
    for k, node in enumerate(nodes):
        for maker in {makers[i] for i in node.inputs if i in makers}:
            readers[maker].append(k)
    order = _sorted(waiting, readers)
    if len(order) < len(nodes):
        stuck = next(node for k, node in enumerate(nodes) if waiting[k])
        raise CompileError("depends on its own result; remove the cycle from the graph", stuck.location)
    # The file's order where it is one already: readers of the result look for the nodes where they wrote them.
    return list(nodes) if _is_sorted(nodes, makers) else [nodes[k] for k in order]


def _makers(nodes: Sequence[OnnxNode], defined: set[str]) -> dict[str, int]:
    """Which node makes each name."""
    makers: dict[str, int] = {}
    for k, node in enumerate(nodes):
        for name in node.outputs:
            if name and (name in makers or name in defined):
                raise CompileError(f"defines '{name}', which is defined already; rename one of them", node.location)
            if name:
                makers[name] = k
    return makers


def _check_names(nodes: Sequence[OnnxNode], defined: set[str], makers: dict[str, int]) -> None:
    for node in nodes:
        for name in node.inputs:
            if name not in makers and name not in defined:
                raise CompileError(
                    f"reads '{name}', which nothing defines; the file is incomplete, export it again", node.location
                )


def _sorted(waiting: list[int], readers: list[list[int]]) -> list[int]:
    """Kahn's algorithm; `waiting` ends above 0 for the nodes that are never ready."""
    ready = deque(k for k, count in enumerate(waiting) if not count)
    order: list[int] = []
    while ready:
        k = ready.popleft()
        order.append(k)
        for reader in readers[k]:
            waiting[reader] -= 1
            if not waiting[reader]:
                ready.append(reader)
    return order


def _is_sorted(nodes: Sequence[OnnxNode], makers: dict[str, int]) -> bool:
    return all(makers.get(name, -1) < k for k, node in enumerate(nodes) for name in node.inputs)
