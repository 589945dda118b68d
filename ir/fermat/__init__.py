"""Convolution by number theoretic transforms modulo Fermat numbers: the definition (thesis chapter 2)."""

from mulfree.ir.fermat.convolution import FermatConvolution, peak_of
from mulfree.ir.fermat.operations import (
    RingOperations,
    direct_operations,
    map_transform_operations,
    sample_operations,
    weight_operations,
)
from mulfree.ir.fermat.ring import FermatRing
from mulfree.ir.fermat.tiles import Tiles
from mulfree.ir.fermat.transform import COLUMNS_FIRST, ROWS_FIRST, FermatTransform

__all__ = [
    "COLUMNS_FIRST",
    "ROWS_FIRST",
    "FermatConvolution",
    "FermatRing",
    "FermatTransform",
    "RingOperations",
    "Tiles",
    "direct_operations",
    "map_transform_operations",
    "peak_of",
    "sample_operations",
    "weight_operations",
]
