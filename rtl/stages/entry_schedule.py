"""In which step which entry of a sparse matrix meets its element: lists as short as the longest output allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mulfree.ir import IntArray
from mulfree.rtl.actors import BoolArray

NOTHING = -1


@dataclass(frozen=True, eq=False)
class EntrySchedule:
    """Steps of vectors of `words` words of `lanes` elements; `pe` outputs are worked on at a time.

    Port t * lanes + j of an output reads, for its term t, elements of lane j. Outputs that are worked on together take
    as many steps as the longest list of entries among their ports.
    """

    elements: IntArray
    """(steps, pe, ports): the element of the vector, in the order in which it comes; NOTHING where there is none."""
    folds: IntArray
    """(steps,): which `pe` outputs of `order`."""
    order: IntArray
    """(outputs,): the outputs as they leave."""
    lanes: int
    words: int
    entries: int

    @classmethod
    def of(
        cls, kept: IntArray | BoolArray, lanes: int, pe: int, *, repeats: bool, sorts: bool = False
    ) -> EntrySchedule:
        """From kept (terms, outputs, elements): how many entries there are, by elements in the order of their coming.

        With `repeats` a port whose list is shorter reads its last entry again: right where that changes no result.
        With `sorts` outputs leave by the length of their lists, so that those that are worked on together are alike.
        """
        terms, outputs, size = kept.shape
        order = np.argsort(-step_counts(kept, lanes, 1), kind="stable") if sorts else np.arange(outputs)
        kept = kept[:, order]
        by_port = (
            kept.reshape(terms, outputs, size // lanes, lanes).transpose(1, 0, 3, 2).reshape(outputs, -1, size // lanes)
        )
        lengths = step_counts(kept, lanes, pe)
        parts = [
            _listed(by_port[fold * pe : (fold + 1) * pe], lanes, length, repeats)
            for fold, length in enumerate(lengths.tolist())
        ]
        folds = np.repeat(np.arange(len(lengths)), lengths)
        return cls(np.concatenate(parts), folds, order, lanes, size // lanes, int(kept.sum()))

    @property
    def steps(self) -> int:
        return len(self.folds)

    @property
    def pe(self) -> int:
        return int(self.elements.shape[1])

    @property
    def ports(self) -> int:
        """Of each output that is worked on."""
        return int(self.elements.shape[2])

    @property
    def outputs(self) -> int:
        return len(self.order)

    @property
    def longest(self) -> int:
        """Steps of the output that takes most."""
        return int(np.bincount(self.folds).max())

    @property
    def padded(self) -> int:
        """Places of the list that hold no entry, or one again."""
        return self.elements.size - self.entries

    @property
    def is_last(self) -> BoolArray:
        """(steps,): whether an output is done."""
        ends: BoolArray = np.diff(self.folds, append=self.folds[-1] + 1) != 0
        return ends

    @property
    def rows(self) -> IntArray:
        """(steps, pe): the outputs."""
        rows: IntArray = self.order[self.folds[:, None] * self.pe + np.arange(self.pe)]
        return rows

    @property
    def places(self) -> IntArray:
        """(steps, pe, ports): the word that is read."""
        places: IntArray = np.maximum(self.elements, 0) // self.lanes
        return places


def step_counts(kept: IntArray | BoolArray, lanes: int, pe: int) -> npt.NDArray[np.int64]:
    """(outputs / pe,): the steps of outputs that are worked on together; see `EntrySchedule.of`."""
    terms, outputs, size = kept.shape
    ports = kept.reshape(terms, outputs // pe, pe, size // lanes, lanes).sum(axis=3)
    counts: IntArray = np.maximum(ports.max(axis=(0, 2, 3)), 1)
    return counts


def _listed(kept: IntArray | BoolArray, lanes: int, length: int, repeats: bool) -> IntArray:
    """(length, pe, ports) elements from kept (pe, ports, words)."""
    listed = np.full((length, *kept.shape[:2]), NOTHING)
    for output, port in np.ndindex(*kept.shape[:2]):
        places = np.repeat(np.arange(kept.shape[2]), kept[output, port].astype(np.int64)) * lanes + port % lanes
        if len(places) and repeats:
            places = np.pad(places, (0, length - len(places)), mode="edge")
        listed[: len(places), output, port] = places
    return listed
