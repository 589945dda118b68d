"""Weights that are powers of two: every product is a shift, and a layer is a sum of shifted numbers.

    y[m] = sum over k of s[m,k] round(x[k] 2^e[m,k]),   s in {-1, 0, 1}

For e >= 0 that is exact and a sum of products like any other, whose weights say by themselves what they are. For e < 0
bits are dropped, product by product, by a rounding that has a name: `floor` or `half_up`.
"""

from mulfree.compiler.families.interface import Family
from mulfree.compiler.families.power_of_two import streamline
from mulfree.compiler.families.power_of_two.arithmetics import PowerOfTwo, RoundedShift
from mulfree.compiler.families.power_of_two.forms import FORMS, PowerOfTwoConv, PowerOfTwoMatMul
from mulfree.compiler.families.power_of_two.operator import ShiftedSum

FAMILY = Family(
    "power of two",
    operators=(ShiftedSum,),
    arithmetics=(PowerOfTwo, RoundedShift),
    forms=FORMS,
    streamline={PowerOfTwoConv: streamline.conv, PowerOfTwoMatMul: streamline.matmul},
)
