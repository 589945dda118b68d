"""Piecewise approximation: weights and activations that take few values, whatever these are (thesis section 3.3).

w = alpha_i in piece i of the weights        a = beta_j in piece j of the activations, 0 in the first
sum over k of w[k] a[k] = sum over i, j of alpha_i beta_j popcount(T_i & V_j)        (eq. 3.19)
"""

from mulfree.compiler.families.interface import Family
from mulfree.compiler.families.piecewise.arithmetics import PiecewisePlanes, PiecewiseProducts, PiecewiseValues
from mulfree.compiler.families.piecewise.forms import FORMS, Table
from mulfree.compiler.families.piecewise.lower import lower_lookup
from mulfree.compiler.families.piecewise.operator import Lookup, PiecewiseMultiplyAccumulate
from mulfree.compiler.families.piecewise.sink import SinkLookups
from mulfree.compiler.families.piecewise.streamline import table

FAMILY = Family(
    "piecewise",
    operators=(Lookup, PiecewiseMultiplyAccumulate),
    arithmetics=(PiecewiseProducts, PiecewisePlanes, PiecewiseValues),
    forms=FORMS,
    streamline={Table: table},
    passes=(SinkLookups(),),
    lowering={Lookup: lower_lookup},
)
