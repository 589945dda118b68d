"""A plan: what a network becomes before it runs, a list of kernel calls over numbered buffers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from mulfree.ir import AnyArray, IntArray, IntOp, TensorType
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.storage import Storage


class Role(Enum):
    """Whose memory a slot is."""

    CONSTANT = auto()
    INPUT = auto()
    OUTPUT = auto()
    SCRATCH = auto()
    FLAG = auto()
    """One int64 for a whole run: which input holds a value outside its range, or 0."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A buffer of a plan. `dtype` is empty for an input: the caller's array decides."""

    role: Role
    dtype: str
    sample_bytes: int = 0
    fill: int = 0
    """What scratch elements are before the first run; some are never written again."""
    constant: AnyArray | None = None


@dataclass(frozen=True, slots=True)
class Buffer:
    """A slot that holds a value, arranged as `storage` says."""

    slot: int
    storage: Storage


@dataclass(frozen=True, slots=True)
class Call:
    """One kernel call per tile of samples."""

    kernel: Kernel
    params: IntArray
    a: int
    b: int
    out: int
    view: str = ""
    """An element type to take a and out as, instead of the slots' own."""


@dataclass(frozen=True, slots=True)
class Evaluate:
    """An operator without a kernel: its own definition, on arrays. Operands and result are buffers or host values.

    A host value is a numpy array in a list of its own, for integers of more than 64 bits.
    """

    op: IntOp
    operands: tuple[Buffer | int, ...]
    types: tuple[TensorType, ...]
    """Of the operands, then of the result."""
    result: Buffer | int


@dataclass(slots=True)
class Plan:
    """Slots and the steps over them, in order."""

    slots: list[Slot] = field(default_factory=list[Slot])
    steps: list[Call | Evaluate] = field(default_factory=list[Call | Evaluate])
    outputs: list[TensorType] = field(default_factory=list[TensorType])
    least_tile: int = 1
    """Samples that should pass through the steps together, even where their scratch memory leaves the cache."""
    host_values: int = 0
    """How many host values a run holds."""
    host_inputs: dict[int, int] = field(default_factory=dict[int, int])
    """Inputs (by number) of more than 64 bits."""
    host_outputs: dict[int, int] = field(default_factory=dict[int, int])
    """Outputs (by number) that are host values."""

    def slots_of(self, role: Role) -> list[int]:
        return [i for i, slot in enumerate(self.slots) if slot.role is role]

    @property
    def sample_bytes(self) -> int:
        """Scratch memory that one sample takes."""
        return sum(slot.sample_bytes for slot in self.slots if slot.role is Role.SCRATCH)
