"""Stored thresholds: the binary search over the printed words gives what the layer's definition does, for every number.

Both are step functions, so the numbers beside all of their thresholds and the ends of the range stand for every other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from mulfree.ir import AnyArray, IntArray
from mulfree.ir.ops import Threshold
from mulfree.rtl import Design, Stage
from mulfree.rtl.stages import stage_verilog

WORD = re.compile(r"(lane_\d+|flags)\[(\d+)\] = \d+'h([0-9a-f]+);")
Tables = list[Mapping[str, dict[int, int]]]
"""By level, then by the name of an array, the printed words by address."""


def threshold_of(design: Design, stage: Stage) -> Threshold | None:
    """The layer that a stage of stored thresholds computes; None of other stages."""
    if stage.module != "threshold":
        return None
    made = [node.op for node in design.graph.nodes if node.output is stage.outputs[0].value]
    return made[0] if made and isinstance(made[0], Threshold) else None


def first_difference(stage: Stage, op: Threshold) -> str | None:
    """None if all channels are right at every number; else the first place where one is not."""
    (x,), lanes, folds = stage.inputs, stage.parameters["lanes"], stage.parameters["folds"]
    count, tables = x.value.type.shape[0], printed_words(stage)
    channels = (x.order // (x.value.type.size // count)).reshape(-1, lanes)
    numbers = _numbers(stage, op, tables)
    wanted = op.evaluate(np.repeat(numbers[:, None], count, axis=1))
    for fold in range(min(len(channels), folds)):
        found = _searched(stage, tables, fold, numbers)
        for lane in range(lanes):
            # These words meet every token that comes a whole number of turns later.
            for channel in np.unique(channels[fold::folds, lane]).tolist():
                wrong = np.flatnonzero(found[:, lane] != wanted[:, channel])
                if len(wrong):
                    x_value, y = numbers[wrong[0]], found[wrong[0], lane]
                    return f"channel {channel}: x = {x_value} gives {y}, not {wanted[wrong[0], channel]}"
    return None


def printed_words(stage: Stage) -> Tables:
    """From the text of the modules that hold them."""
    text, tables = stage_verilog(stage), Tables()
    for level in range(stage.parameters["levels"]):
        module = text.partition(f"module {stage.name}__level_{level} (")[2].partition("endmodule")[0]
        found: dict[str, dict[int, int]] = {}
        for array, address, word in WORD.findall(module):
            found.setdefault(array, {})[int(address)] = int(word, 16)
        tables.append(found)
    return tables


def _numbers(stage: Stage, op: Threshold, tables: Tables) -> IntArray:
    """Of the range of x, those beside any threshold, stored or meant."""
    range, held = stage.inputs[0].type.range, stage.circuits["compare"].inputs[1].range
    words = sorted({word for level in tables for name in level if name != "flags" for word in level[name].values()})
    stored = [int(held.decode(np.array([word]))[0]) for word in words]
    lo, step = (range.lo, range.step) if range.is_coded else (0, 1)
    ends = {range.lo, range.hi, *(lo + step * (t + d) for t in stored for d in (-1, 0))}
    ends |= {range.lo + (int(t) + d - range.lo) // range.step * range.step for t in op.thresholds.array.flat
             for d in (-range.step, 0, range.step)}  # fmt: skip
    return np.array(sorted(n for n in ends if n in range))


def _searched(stage: Stage, tables: Tables, fold: int, numbers: IntArray) -> AnyArray:
    """(numbers, lanes): bit by bit from the top, as the levels of the stage do."""
    range, (x, t) = stage.inputs[0].type.range, stage.circuits["compare"].inputs
    stored = (numbers - range.lo) // range.step if range.is_coded else numbers
    found = np.zeros((len(numbers), x.lanes), np.int64)
    for level, table in enumerate(tables):
        for lane in np.arange(x.lanes).tolist():
            address = (fold << level) | found[:, lane]
            words = np.array([table[f"lane_{lane}"][a] for a in address.tolist()])
            found[:, lane] = found[:, lane] << 1 | (stored >= t.range.decode(words))
    inputs = {"found": found}
    if "flags" in tables[-1]:
        flags = tables[-1]["flags"][fold]
        inputs["falls"] = np.broadcast_to(flags >> np.arange(x.lanes) & 1, found.shape)
    return np.asarray(stage.circuits["finish"].evaluate(**inputs)["y"])
