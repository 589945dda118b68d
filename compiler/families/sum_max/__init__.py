"""Sum-max: sums, comparisons and nothing else (a multiplier-free layer of sums and maxima).

    y[m] = max over k of (x[k] + w+[m, k]) + min over k of (x[k] + w-[m, k])

A pruned entry is absent: minus infinity in w+, plus infinity in w-, and no memory, logic or cycle in what is built
where a list of the entries that are kept is walked, or where all outputs are computed at once.
"""

from mulfree.compiler.families.interface import Family
from mulfree.compiler.families.sum_max import streamline
from mulfree.compiler.families.sum_max.arithmetic import SumMaxCompare
from mulfree.compiler.families.sum_max.forms import FORMS, SumMaxConv, SumMaxDense
from mulfree.compiler.families.sum_max.kept import SumMaxKept
from mulfree.compiler.families.sum_max.operator import SumMax
from mulfree.compiler.families.sum_max.pattern import recognise
from mulfree.compiler.families.sum_max.prune import PRUNE_SUM_MAX

FAMILY = Family(
    "sum-max",
    operators=(SumMax,),
    arithmetics=(SumMaxKept, SumMaxCompare),
    forms=FORMS,
    adaptations=(PRUNE_SUM_MAX,),
    recognise=(recognise,),
    streamline={SumMaxDense: streamline.dense, SumMaxConv: streamline.conv},
)
