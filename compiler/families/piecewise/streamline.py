"""A table of values as a table of integers times a scale."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from mulfree.compiler.families.piecewise.operator import Lookup
from mulfree.compiler.streamline.deferred import Deferred, Unsupported, on_integers
from mulfree.compiler.streamline.exact import Affine
from mulfree.compiler.streamline.parameter import Parameter
from mulfree.compiler.streamline.rules.rule import Work
from mulfree.compiler.streamline.settle import settle
from mulfree.compiler.streamline.units import in_units
from mulfree.compiler.streamline.weights import weights_of
from mulfree.ir import Tensor


def table(work: Work) -> Deferred:
    builder, values = work.builder, work.constant(1, "the values")
    x = in_units(builder, settle(builder, work.activation()), Fraction(1), is_common=True)
    found = weights_of(values[None])
    if found is None:
        raise Unsupported("its values are multiples of no common scale", "round them to a fixed-point format")
    y = builder.add(Lookup(Tensor(found.codes[0].astype(np.int64))), x.integers, name=work.name)
    return on_integers(y, Affine(Parameter.scalar(found.scale(0)), Parameter.scalar(Fraction(0))), work.dtype)
