"""Min-select: of two factors the smaller magnitude, with the product's sign, in the place of their product.

    mins(a, b) = sgn(a) sgn(b) min(|a|, |b|)        y[m] = sum over k of mins(x[k], w[m, k])

(MinConvNets, sections 2 and 3.) mins(s a, s b) = s mins(a, b) for s > 0, so integers that are multiples of one scale
are all that is computed; the mean gain of the approximation belongs to the scale that follows.
"""

from mulfree.compiler.families.interface import Family
from mulfree.compiler.families.min_select import streamline
from mulfree.compiler.families.min_select.approximate import APPROXIMATE_MIN_SELECT
from mulfree.compiler.families.min_select.arithmetics import MinSelectClamp, MinSelectThermometer
from mulfree.compiler.families.min_select.forms import FORMS, MinSelectConv, MinSelectMatMul
from mulfree.compiler.families.min_select.operator import MinSelect

FAMILY = Family(
    "min-select",
    operators=(MinSelect,),
    arithmetics=(MinSelectClamp, MinSelectThermometer),
    forms=FORMS,
    adaptations=(APPROXIMATE_MIN_SELECT,),
    streamline={MinSelectConv: streamline.conv, MinSelectMatMul: streamline.matmul},
)
