"""Stages that move words: widths, queues, windows, shifts, orders."""

from __future__ import annotations

from collections.abc import Sequence

from mulfree.rtl.design import Stage
from mulfree.rtl.stages.reorder import LOOPS
from mulfree.rtl.stages.sliding_window import index_bits, scan_of
from mulfree.rtl.stages.spatial_shift import plan_of
from mulfree.rtl.timing import parts
from mulfree.rtl.timing.paths import Offer, Offers, Paths
from mulfree.rtl.timing.signal import Signal


def _converted(paths: Paths, up: int, down: int, bits: int, out: int, given: Offer, ready: Signal) -> Signal:
    """Wider, narrower, or a register where neither; see `widening_text` and `narrowing_text`."""
    if up > 1 and down == 1:
        return parts.width_up(paths, bits, up, given, ready)
    wide = Offer(paths.word(bits * up), paths.held) if up > 1 else given
    if down > 1:
        ready = parts.width_down(paths, out, down, wide, ready)
    else:
        paths.data(given.data)
        ready = paths.register(out, given.valid, ready)
    return parts.width_up(paths, bits, up, given, ready) if up > 1 else ready


def width_converter(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    p = stage.parameters
    return [_converted(paths, p["up"], p["down"], p["bits"], stage.outputs[0].token_bits, given[0], readys[0])]


def channel_gather(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    p, bits = stage.parameters, stage.inputs[0].token_bits
    return [_converted(paths, p["up"], p["down"], bits, stage.outputs[0].token_bits, given[0], readys[0])]


def fork(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    return [parts.stream_fork(paths, stage.parameters["bits"], given[0], list(readys))]


def fifo(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    return [parts.stream_fifo(paths, stage.parameters["bits"], stage.parameters["depth"], given[0], readys[0])]


def concat(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    words = [paths.circuit(stage, f"recode_{i}", x=x.data) for i, x in enumerate(given)]
    run = max(stage.parameters[f"run_{i}"] for i in range(len(given)))
    bits = stage.outputs[0].token_bits
    s_ready = parts.concat_streams(paths, bits, words, [x.valid for x in given], run, readys[0])
    return [s_ready] * len(given)


def pad(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    p = stage.parameters
    counts = p["folds"], p["columns"], p["rows"]
    word = Offer(paths.circuit(stage, "recode", x=given[0].data), given[0].valid)
    return [parts.pad_map(paths, stage.outputs[0].token_bits, counts, word, readys[0])]


def sliding_window(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    scan = scan_of(stage)
    return _window(paths, stage, scan.counts, 3 if scan.window.is_padded else 1, given, readys)


def reorder(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    return _window(paths, stage, [stage.parameters[f"count_{i}"] for i in range(LOOPS)], 1, given, readys)


def _window(
    paths: Paths, stage: Stage, counts: Sequence[int], numbers: int, given: Offers, readys: Sequence[Signal]
) -> list[Signal]:
    p, x = stage.parameters, stage.inputs[0]
    index = index_bits(stage)
    address = max(1, p["depth"].bit_length() - 1)
    return [parts.window_buffer(paths, index, counts, address, numbers, x.token_bits, given[0], readys[0])]


def spatial_shift(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    plan, p = plan_of(stage), stage.parameters
    address = max(1, p["depth"].bit_length() - 1)
    parts.shift_bank(paths, address, plan.place_bits(), plan.folds)
    bits = plan.index_bits(), plan.place_bits()
    return [parts.shift_control(paths, *bits, plan.folds, address, given[0], readys[0])]
