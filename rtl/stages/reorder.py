"""reorder: keep a frame's words and send them in another order, only some of them, or again and again."""

from __future__ import annotations

import numpy as np

from mulfree.ir import IntArray, Location, TensorType, Value
from mulfree.rtl.actors import Buffered
from mulfree.rtl.cell_verilog import literal
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.stages.sliding_window import STYLES, gains, index_bits, listed
from mulfree.rtl.stages.text import CLOCK, handshake, instance, module_text

LOOPS = 6
"""How many nested loops `window_buffer` counts."""


def reorder(
    name: str,
    x: Stream,
    value: Value[TensorType],
    order: IntArray,
    places: IntArray,
    *,
    style: str = "auto",
    location: Location | None = None,
) -> Stage:
    """`value` in the order `order`: what is sent i-th came as the places[i]-th element of a frame of x.

    As many lanes go to a token as x has and as stay together. A word leaves after it came, so the latency is that of
    the last word needed early; the memory holds what is still needed and, if it can, the next frame.
    Raises ValueError if the places are no function of six nested loops.
    """
    lanes = kept_together(places, x.lanes)
    assert lanes == x.lanes, f"{name}: {x.lanes} lanes do not stay together, {lanes} do"
    needs = places[::lanes] // lanes
    counts, strides = loops_of(needs)
    frees = _frees(needs, counts[-1], x.tokens)
    depth = _depth(needs, frees)
    return Stage(
        name=name,
        module="reorder",
        inputs=(x,),
        outputs=(Stream(name, value, order, lanes, value.type),),
        actors=(Buffered(x.tokens, needs, frees, depth),),
        parameters=_parameters(depth, int(needs[0]), style, counts, strides),
        location=location,
    )


def _parameters(
    depth: int, first: int, style: str, counts: tuple[int, ...], strides: tuple[int, ...]
) -> dict[str, int]:
    return {
        "depth": depth,
        "first": first,
        "memory_style": STYLES[style],
        **{f"count_{i}": count for i, count in enumerate(counts)},
        **{f"stride_{i}": stride for i, stride in enumerate(strides)},
    }


def replay(
    name: str, x: Stream, places: IntArray, times: int, *, style: str = "auto", location: Location | None = None
) -> Stage:
    """The words of a frame of x in the order `places`, and that so many times, before the next frame's.

    Raises ValueError if the places are no function of four nested loops.
    """
    counts, strides = loops_of(places, LOOPS - 2)
    needs = np.tile(places, times)
    frees = np.where(np.arange(len(needs)) == len(needs) - 1, x.tokens, 0)
    order = np.tile(x.order.reshape(x.tokens, x.lanes)[places].ravel(), times)
    return Stage(
        name=name,
        module="reorder",
        inputs=(x,),
        outputs=(Stream(name, x.value, order, x.lanes, x.type),),
        actors=(Buffered(x.tokens, needs, frees, depth := _depth(needs, frees)),),
        parameters=_parameters(depth, int(places[0]), style, (*counts, times, 1), (*strides, 0, 0)),
        location=location,
    )


def kept_together(places: IntArray, lanes: int) -> int:
    """The most lanes, a divisor of `lanes`, that travel side by side before and after."""
    return next(d for d in range(lanes, 0, -1) if lanes % d == 0 and _is_whole(places, d))


def _is_whole(places: IntArray, lanes: int) -> bool:
    if len(places) % lanes:
        return False
    tokens = places.reshape(-1, lanes)
    return bool((tokens[:, :1] % lanes == 0).all() and (tokens == tokens[:, :1] + np.arange(lanes)).all())


def loops_of(sequence: IntArray, loops: int = LOOPS) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Counts and strides, innermost first, of so many nested loops that give the sequence.

    Raises ValueError if there are none.
    """
    counts, strides, rest = list[int](), list[int](), sequence
    while len(rest) > 1:
        stride = int(rest[1] - rest[0])
        count = _run(rest, stride)
        counts, strides, rest = [*counts, count], [*strides, stride], rest[::count]
    if len(counts) > loops:
        raise ValueError(f"{len(counts)} nested loops are needed, and there are {loops}")
    # Empty loops are the innermost: words are given up where the outermost goes on.
    missing = loops - len(counts)
    return (*(1,) * missing, *counts), (*(0,) * missing, *strides)


def _run(sequence: IntArray, stride: int) -> int:
    """How many steps of the stride follow each other everywhere. Raises ValueError if the next step is another."""
    for count in range(len(sequence), 1, -1):
        if len(sequence) % count == 0:
            blocks = sequence.reshape(-1, count)
            if (blocks == blocks[:, :1] + stride * np.arange(count)).all():
                return count
    raise ValueError("the elements are needed in no regular order")


def _frees(needs: IntArray, turns: int, tokens: int) -> IntArray:
    """Words given up after every step: where the outermost loop goes on, those that nothing later needs."""
    steps = len(needs) // turns
    later = np.minimum.accumulate(needs[::-1])[::-1]
    ends = np.append(later[steps::steps], tokens)
    frees = np.repeat(np.concatenate([[0], ends[:-1]]), steps)
    frees[steps - 1 :: steps] = ends
    return frees


def _depth(needs: IntArray, frees: IntArray) -> int:
    """The least power of two that holds all that is needed at once, and what comes until it is given up."""
    before = np.concatenate([[0], frees[:-1]])
    held = int((needs - before).max()) + 1
    return 1 << (held + int((frees - before).max()) - 1).bit_length()


def reorder_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    p, (x,) = stage.parameters, stage.inputs
    (actor,) = stage.actors
    assert isinstance(actor, Buffered)
    counts, strides = (tuple(p[f"{key}_{i}"] for i in range(LOOPS)) for key in ("count", "stride"))
    index = index_bits(stage)
    bits = max(counts).bit_length()
    ends = actor.frees[len(actor.frees) // counts[-1] - 1 :: len(actor.frees) // counts[-1]]
    # At the end of a frame the loops are wound back, and the next frame's first word is `tokens` words on.
    still = listed(index, [0] * (LOOPS + 1))
    parameters: dict[str, int | str] = {
        "WIDTH": x.token_bits,
        "ADDRESS": max(1, p["depth"].bit_length() - 1),
        "STYLE": p["memory_style"],
        "INDEX": index,
        "COUNT": bits,
        "FIRST_INDEX": literal(index, p["first"]),
        "HEIGHT": literal(index, 1),
        "WIDTH_OF_MAP": literal(index, 1),
        **{f"COUNT_{i}": count for i, count in enumerate(counts)},
    }
    constants = {
        "index_steps": listed(index, gains(counts, strides, x.tokens)),
        "row_steps": still,
        "column_steps": still,
        "free_steps": listed(index, np.diff(ends, prepend=0).tolist()),
    }
    ports = {**handshake("s", "s"), **handshake("m", "m"), "m_padding": "unused_padding"}
    body = [
        "logic unused_padding;",
        instance("window_buffer", "u_buffer", parameters, {**CLOCK, **constants, **ports}),
    ]
    return module_text(stage, f"the words of a frame in another order; {p['depth']} words of memory.", body)
