"""spatial_shift: every channel of a map moves by its own offset; what it costs are addresses, not logic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mulfree.ir import IntArray, Location, TensorType, Value
from mulfree.rtl.actors import Buffered
from mulfree.rtl.cell_verilog import literal
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.stages.constants import like, map_shape
from mulfree.rtl.stages.sliding_window import STYLES
from mulfree.rtl.stages.structure import recoding
from mulfree.rtl.stages.text import CLOCK, circuit_instance, circuit_text, instance, module_text


def spatial_shift(
    name: str,
    x: Stream,
    value: Value[TensorType],
    offsets: IntArray,
    *,
    style: str = "auto",
    location: Location | None = None,
) -> Stage:
    """y[c, i, j] = x[c, i + dy[c], j + dx[c]] with offsets (C, 2), and 0 outside the map.

    x is a map in raster order whose lanes divide C. The words that the offsets span are held in circular memories,
    one for the lanes that are always shifted alike, each read at its own address.
    """
    plan = ShiftPlan.of(x, offsets)
    return Stage(
        name=name,
        module="spatial_shift",
        inputs=(x,),
        outputs=(like(name, x, value),),
        actors=(Buffered(x.tokens, plan.needs(), plan.frees(), plan.depth()),),
        parameters={
            "height": plan.height,
            "width": plan.width,
            "folds": plan.folds,
            "depth": plan.depth(),
            "banks": len(plan.banks()),
            "memory_style": STYLES[style],
            **{f"row_offset_{c}": int(offset[0]) for c, offset in enumerate(offsets)},
            **{f"column_offset_{c}": int(offset[1]) for c, offset in enumerate(offsets)},
        },
        circuits={"recode": recoding(x, value.type)},
        location=location,
    )


@dataclass(frozen=True, eq=False)
class ShiftPlan:
    """Which words a shifted map of `folds` words per pixel needs, and when."""

    height: int
    width: int
    offsets: IntArray
    """(folds, lanes, 2): rows and columns."""

    @classmethod
    def of(cls, x: Stream, offsets: IntArray) -> ShiftPlan:
        channels, height, width = map_shape(x)
        assert channels % x.lanes == 0, f"{x.name}: {x.lanes} lanes do not divide {channels} channels"
        assert offsets.shape == (channels, 2), f"{x.name}: {offsets.shape} offsets for {channels} channels"
        return cls(height, width, offsets.reshape(-1, x.lanes, 2))

    @property
    def folds(self) -> int:
        return len(self.offsets)

    @property
    def words(self) -> int:
        """Words of a frame."""
        return self.height * self.width * self.folds

    @property
    def distances(self) -> IntArray:
        """Words from the one that leaves to the one that is read (folds, lanes)."""
        distances: IntArray = (self.offsets[..., 0] * self.width + self.offsets[..., 1]) * self.folds
        return distances

    @property
    def latest(self) -> IntArray:
        """By fold: how many words after the one that leaves must have come; that one always."""
        latest: IntArray = self.distances.max(axis=1).clip(0, None)
        return latest

    @property
    def earliest(self) -> int:
        """How far before the one that leaves words are still read: 0 or less."""
        return min(0, int(self.distances.min()))

    def needs(self) -> IntArray:
        """By read: the last word that must have come."""
        wanted = np.arange(self.words) + np.tile(self.latest, self.height * self.width)
        return np.minimum(wanted, self.words - 1)

    def frees(self) -> IntArray:
        """By read: words of the frame that nothing later reads."""
        frees = np.clip(np.arange(1, self.words + 1) + self.earliest, 0, None)
        frees[-1] = self.words
        return frees

    def depth(self) -> int:
        """The least power of two that holds what is read at once, a word that comes and one that goes."""
        held = np.concatenate([[0], self.frees()[:-1]])
        return 1 << (int((self.needs() - held).max()) + 2).bit_length()

    def banks(self) -> list[list[int]]:
        """Lanes that have the same offset in every fold."""
        found: dict[bytes, list[int]] = {}
        for lane in range(self.offsets.shape[1]):
            found.setdefault(self.offsets[:, lane].tobytes(), []).append(lane)
        return list(found.values())

    def index_bits(self) -> int:
        return (2 * max(self.words, self.depth()) + int(np.abs(self.distances).max())).bit_length() + 2

    def place_bits(self) -> int:
        """Bits in which no row or column before the map looks like one within."""
        return (max(self.height, self.width) + 2 * int(np.abs(self.offsets).max())).bit_length() + 1


def plan_of(stage: Stage) -> ShiftPlan:
    """The plan that the parameters of a spatial_shift stage describe."""
    p, (x,) = stage.parameters, stage.inputs
    channels = p["folds"] * x.lanes
    offsets = [[p[f"row_offset_{c}"], p[f"column_offset_{c}"]] for c in range(channels)]
    return ShiftPlan(p["height"], p["width"], np.array(offsets).reshape(-1, x.lanes, 2))


def spatial_shift_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    plan, p = plan_of(stage), stage.parameters
    purpose = f"every channel of a {plan.height}x{plan.width} map by its own offset; {p['depth']} words of memory."
    body = [*_control(stage, plan), *_banks(stage, plan)]
    return module_text(stage, purpose, body, [circuit_text(stage, "recode", "A word of the map as it is sent")])


def _control(stage: Stage, plan: ShiftPlan) -> list[str]:
    index, place = plan.index_bits(), plan.place_bits()
    fold = max(1, (plan.folds - 1).bit_length())
    parameters: dict[str, int | str] = {
        "ADDRESS": _address_bits(stage),
        "INDEX": index,
        "PLACE": place,
        "FOLD": fold,
        "FOLDS": plan.folds,
        "COLUMNS": plan.width,
        "ROWS": plan.height,
        "WORDS": plan.words,
        "EARLIEST": literal(index, plan.earliest),
    }
    names = ("write", "write_address", "read", "address", "row", "column", "fold", "latest")
    ports = {**CLOCK, **{f"{p}_{end}": f"{p}_{end}" for p in "sm" for end in ("valid", "ready")}}
    return [
        "logic write, read;",
        f"logic [{_address_bits(stage) - 1}:0] write_address, address;",
        f"logic [{index - 1}:0] latest;",
        f"logic [{place - 1}:0] row, column;",
        f"logic [{fold - 1}:0] fold;",
        instance("shift_control", "u_control", parameters, {**ports, **{name: name for name in names}}),
        *_chosen("latest", fold, index, plan.latest),
        *(["logic unused_fold;", "assign unused_fold = fold;"] if plan.folds == 1 else []),
    ]


def _banks(stage: Stage, plan: ShiftPlan) -> list[str]:
    (x,), (out,) = stage.inputs, stage.outputs
    zero = literal(out.element_bits, int(out.type.range.encode(np.array([0]))[0]) if 0 in out.type.range else 0)
    lines = [
        f"logic [{x.lanes - 1}:0][{x.element_bits - 1}:0] given, word;",
        f"logic [{out.lanes - 1}:0][{out.element_bits - 1}:0] recoded, result;",
        f"logic [{x.lanes - 1}:0] outside;",
        "assign given = s_data;",
        circuit_instance(stage, "recode", {"x": "word", "y": "recoded"}),
        "assign m_data = result;",
    ]
    for number, lanes in enumerate(plan.banks()):
        lines += _bank(stage, plan, number, lanes)
    return [*lines, *(f"assign result[{i}] = outside[{i}] ? {zero} : recoded[{i}];" for i in range(x.lanes))]


def _bank(stage: Stage, plan: ShiftPlan, number: int, lanes: Sequence[int]) -> list[str]:
    """The memory of some lanes, and the offsets at which it is read."""
    address, place, bits = _address_bits(stage), plan.place_bits(), stage.inputs[0].element_bits
    fold, first = max(1, (plan.folds - 1).bit_length()), lanes[0]
    held, offsets = f"held_{number}", {"distance": address, "down": place, "right": place}
    parameters = {
        "WIDTH": len(lanes) * bits,
        "ADDRESS": address,
        "PLACE": place,
        "STYLE": stage.parameters["memory_style"],
        "ROWS": plan.height,
        "COLUMNS": plan.width,
    }
    names = ("clk", "write", "write_address", "read", "address", "row", "column")
    ports = {name: name for name in names} | {
        "write_data": f"{{{', '.join(f'given[{lane}]' for lane in reversed(lanes))}}}",
        "address_offset": f"distance_{number}",
        "row_offset": f"down_{number}",
        "column_offset": f"right_{number}",
        "data": held,
        "padding": f"outside_{number}",
    }
    values = (plan.distances[:, first], plan.offsets[:, first, 0], plan.offsets[:, first, 1])
    return [
        f"logic [{len(lanes) * bits - 1}:0] {held};",
        f"logic outside_{number};",
        *(f"logic [{width - 1}:0] {name}_{number};" for name, width in offsets.items()),
        *(
            line
            for (name, width), table in zip(offsets.items(), values, strict=True)
            for line in _chosen(f"{name}_{number}", fold, width, table)
        ),
        instance("shift_bank", f"u_bank_{number}", parameters, ports),
        *(f"assign word[{lane}] = {held}[{(i + 1) * bits - 1}:{i * bits}];" for i, lane in enumerate(lanes)),
        *(f"assign outside[{lane}] = outside_{number};" for lane in lanes),
    ]


def _chosen(name: str, fold: int, bits: int, table: IntArray) -> list[str]:
    """A signal that is a constant of the fold."""
    values = [int(v) for v in table]
    if len(set(values)) == 1:
        return [f"assign {name} = {literal(bits, values[0])};"]
    cases = (f"    {literal(fold, i)}: {name} = {literal(bits, v)};" for i, v in enumerate(values))
    return ["always_comb", "  case (fold)", *cases, f"    default: {name} = {literal(bits, 0)};", "  endcase"]


def _address_bits(stage: Stage) -> int:
    return max(1, stage.parameters["depth"].bit_length() - 1)
