"""sliding_window: cut a feature map, as it comes in raster order, into the windows of a convolution or pool."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mulfree.ir import IntArray, IntRange, Location, TensorType
from mulfree.ir.ops import Window
from mulfree.rtl.actors import Buffered
from mulfree.rtl.cell_verilog import literal
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.stages.constants import map_shape
from mulfree.rtl.stages.structure import recoding
from mulfree.rtl.stages.text import CLOCK, circuit_instance, circuit_text, handshake, instance, module_text

STYLES = {"auto": 0, "distributed": 1, "block": 2}
LOOPS = ("fold", "kernel_column", "kernel_row", "group", "column", "row")
"""Innermost first."""


def sliding_window(
    name: str,
    x: Stream,
    window: Window,
    *,
    groups: int = 1,
    fill: int = 0,
    depth: int | None = None,
    style: str = "auto",
    location: Location | None = None,
) -> Stage:
    """Send, per window position in raster order: group, kernel row, kernel column, the group's channels.

    x is a map (C, H, W), order raster with the channel fastest; x.lanes must divide C / groups. A convolution
    takes groups = its groups; a pool or depthwise convolution takes groups = C / x.lanes, one token a tap.
    Elements outside the map are `fill`, sent as order -1; the output's range is x's with `fill` added
    (so a padded bipolar map leaves as ternary words). `depth` words of memory (a power of two; default: the
    window's rows and the stride's, so that input and output overlap), in memory of `style`.
    """
    channels, height, width = map_shape(x)
    folds = channels // groups // x.lanes
    assert folds * groups * x.lanes == channels, f"{name}: {x.lanes} lanes do not divide {channels} / {groups}"
    scan = Scan(window, height, width, groups, folds)
    least = scan.least_depth()
    words = depth or scan.overlapping_depth()
    assert words >= least, f"{name}: a depth of {words} words does not hold the {least} words of a window"
    assert words & (words - 1) == 0, f"{name}: a depth of {words} is not a power of two"
    range = x.type.range | IntRange(fill, fill) if window.is_padded else x.type.range
    needs = scan.needs()
    order = np.where(needs[:, None] < 0, -1, x.order.reshape(x.tokens, x.lanes)[np.maximum(needs, 0)]).ravel()
    type = TensorType(x.value.type.shape, range)
    return Stage(
        name=name,
        module="sliding_window",
        inputs=(x,),
        outputs=(Stream(name, x.value, order, x.lanes, type, fill),),
        actors=(Buffered(x.tokens, needs, scan.frees(), words),),
        parameters=_parameters(scan, words, fill, style),
        circuits={"recode": recoding(x, type)},
        location=location,
    )


def _parameters(scan: Scan, depth: int, fill: int, style: str) -> dict[str, int]:
    window = scan.window
    return {
        "height": scan.height,
        "width": scan.width,
        "groups": scan.groups,
        "folds": scan.folds,
        "kernel_rows": window.kernel[0],
        "kernel_columns": window.kernel[1],
        "stride_rows": window.stride[0],
        "stride_columns": window.stride[1],
        "dilation_rows": window.dilation[0],
        "dilation_columns": window.dilation[1],
        **dict(zip(("top", "left", "bottom", "right"), window.pads, strict=True)),
        "depth": depth,
        "fill": fill,
        "memory_style": STYLES[style],
    }


@dataclass(frozen=True, slots=True)
class Scan:
    """The order in which a window reads the words of a map: `folds` words per group, `groups` groups per pixel."""

    window: Window
    height: int
    width: int
    groups: int
    folds: int

    @property
    def size(self) -> tuple[int, int]:
        return self.window.output_size(self.height, self.width)

    @property
    def pixel(self) -> int:
        """Words per pixel."""
        return self.groups * self.folds

    @property
    def tokens(self) -> int:
        return self.height * self.width * self.pixel

    @property
    def counts(self) -> tuple[int, ...]:
        """How often each of LOOPS runs."""
        rows, columns = self.size
        return (self.folds, self.window.kernel[1], self.window.kernel[0], self.groups, columns, rows)

    @property
    def row_strides(self) -> tuple[int, ...]:
        """What a map row gains in each of LOOPS."""
        return (0, 0, self.window.dilation[0], 0, 0, self.window.stride[0])

    @property
    def column_strides(self) -> tuple[int, ...]:
        return (0, self.window.dilation[1], 0, 0, self.window.stride[1], 0)

    @property
    def index_strides(self) -> tuple[int, ...]:
        """What the number of a word gains in each of LOOPS."""
        within = (1, 0, 0, self.folds, 0, 0)
        strides = zip(self.row_strides, self.column_strides, within, strict=True)
        return tuple((row * self.width + column) * self.pixel + word for row, column, word in strides)

    @property
    def first(self) -> tuple[int, int, int]:
        """Word number, row and column of the first read."""
        top, left, _, _ = self.window.pads
        return (-(top * self.width + left) * self.pixel, -top, -left)

    def needs(self) -> IntArray:
        """Number of the word that every read step shows, -1 for padding."""
        row = self._walk(self.row_strides, self.first[1])
        column = self._walk(self.column_strides, self.first[2])
        outside = (row < 0) | (row >= self.height) | (column < 0) | (column >= self.width)
        return np.where(outside, -1, self._walk(self.index_strides, self.first[0]))

    def frees(self) -> IntArray:
        """Words of the frame given up after every read step: rows go when the last window on them is done."""
        steps = int(np.prod(self.counts[:-1]))
        frees = np.repeat(np.concatenate([[0], self.row_frees()[:-1]]), steps)
        frees[steps - 1 :: steps] = self.row_frees()
        return frees

    def row_frees(self) -> IntArray:
        """Words of the frame given up after every row of windows; at the end, all."""
        starts = np.arange(1, self.size[0] + 1) * self.window.stride[0] - self.window.pads[0]
        starts[-1] = self.height
        return np.clip(starts, 0, self.height) * (self.width * self.pixel)

    def row_steps(self) -> list[int]:
        """Words given up by each row of windows."""
        return [int(step) for step in np.diff(self.row_frees(), prepend=0)]

    def least_depth(self) -> int:
        """Words between the first that a row of windows may need and the last."""
        held = np.concatenate([[0], self.row_frees()[:-1]])
        last = self.needs().reshape(self.size[0], -1).max(axis=1)
        return int((last - held).max()) + 1

    def overlapping_depth(self) -> int:
        """The least power of two that holds a row of windows and what the next one adds."""
        stride = min(self.window.stride[0], self.height) * self.width * self.pixel
        return 1 << (self.least_depth() + stride - 1).bit_length()

    def _walk(self, strides: tuple[int, ...], first: int) -> IntArray:
        """Value of an affine function of the loops at every step."""
        values = np.array([first])
        for count, stride in zip(reversed(self.counts), reversed(strides), strict=True):
            values = (values[:, None] + np.arange(count) * stride).ravel()
        return values


def gains(counts: tuple[int, ...], strides: tuple[int, ...], frame: int) -> list[int]:
    """What an affine function of loops gains where each goes on, and at the frame's end, which counts for `frame`."""
    wound = [(count - 1) * stride for count, stride in zip(counts, strides, strict=True)]
    back = [sum(wound[:i]) for i in range(len(wound) + 1)]
    return [stride - undone for stride, undone in zip((*strides, frame), back, strict=True)]


def sliding_window_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    out, circuit = stage.outputs[0], stage.circuits["recode"]
    word = int(circuit.outputs["y"].range.encode(np.array([stage.parameters["fill"]]))[0])
    fill = literal(out.token_bits, sum(word << (i * out.element_bits) for i in range(out.lanes)))
    body = [
        f"logic [{stage.inputs[0].token_bits - 1}:0] word;",
        f"logic [{out.token_bits - 1}:0] recoded;",
        "logic padding;",
        _buffer(stage),
        circuit_instance(stage, "recode", {"x": "word", "y": "recoded"}),
        f"assign m_data = padding ? {fill} : recoded;",
    ]
    p = stage.parameters
    purpose = (
        f"{p['kernel_rows']}x{p['kernel_columns']} windows of a {p['height']}x{p['width']} map; "
        f"{p['groups']} groups x {p['folds']} words a pixel; {p['depth']} words of memory."
    )
    return module_text(stage, purpose, body, [circuit_text(stage, "recode", "A word of the map as it is sent")])


def scan_of(stage: Stage) -> Scan:
    """The scan that the parameters of a sliding_window stage describe."""
    p = stage.parameters
    window = Window(
        (p["kernel_rows"], p["kernel_columns"]),
        (p["stride_rows"], p["stride_columns"]),
        (p["dilation_rows"], p["dilation_columns"]),
        (p["top"], p["left"], p["bottom"], p["right"]),
    )
    return Scan(window, p["height"], p["width"], p["groups"], p["folds"])


def _buffer(stage: Stage) -> str:
    scan, p = scan_of(stage), stage.parameters
    address = max(1, p["depth"].bit_length() - 1)
    index = index_bits(stage)
    count = max(scan.counts).bit_length()
    number, row, column = scan.first
    steps, row_steps, column_steps = steps_of(scan)
    parameters: dict[str, int | str] = {
        "WIDTH": stage.inputs[0].token_bits,
        "ADDRESS": address,
        "STYLE": p["memory_style"],
        "INDEX": index,
        "COUNT": count,
        "FIRST_INDEX": literal(index, number),
        "FIRST_ROW": literal(index, row),
        "FIRST_COLUMN": literal(index, column),
        "HEIGHT": literal(index, scan.height),
        "WIDTH_OF_MAP": literal(index, scan.width),
        **{f"COUNT_{i}": runs for i, runs in enumerate(scan.counts)},
    }
    constants = {
        "index_steps": listed(index, steps),
        "row_steps": listed(index, row_steps),
        "column_steps": listed(index, column_steps),
        "free_steps": listed(index, scan.row_steps()),
    }
    ports = {**handshake("s", "s"), **handshake("m", "m"), "m_data": "word", "m_padding": "padding"}
    return instance("window_buffer", "u_buffer", parameters, {**CLOCK, **constants, **ports})


def index_bits(stage: Stage) -> int:
    """Of the number of a word in window_buffer: twice the words of a frame or of the memory, and a sign."""
    return (2 * max(stage.inputs[0].tokens, stage.parameters["depth"])).bit_length() + 2


def steps_of(scan: Scan) -> tuple[list[int], ...]:
    """What word number, row and column gain where each loop goes on; without padding, row and column stand still."""
    index = gains(scan.counts, scan.index_strides, scan.tokens)
    if not scan.window.is_padded:
        still = [0] * len(index)
        return index, still, still
    return index, gains(scan.counts, scan.row_strides, 0), gains(scan.counts, scan.column_strides, 0)


def listed(bits: int, values: tuple[int, ...] | list[int]) -> str:
    """Constants as one vector, the first in the least significant bits."""
    return f"{{{', '.join(literal(bits, value) for value in reversed(values))}}}"
