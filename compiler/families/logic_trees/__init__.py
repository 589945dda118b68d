"""Logic trees: trees of minima and maxima over linear units (adaptive logic networks).

    y[t] = tree t over the units l[i] = sum over k of w[i, k] x[k] + b[i]

A minimum or a maximum is a comparison and a choice. The units are an ordinary layer with constant weights, so they
are computed by any arithmetic that computes those.
"""

from mulfree.compiler.families.interface import Family
from mulfree.compiler.families.logic_trees import streamline
from mulfree.compiler.families.logic_trees.forms import FORMS, RealTrees
from mulfree.compiler.families.logic_trees.hardware import lower_trees
from mulfree.compiler.families.logic_trees.lazy import EvaluateLazily, LazyTrees, lazy_shape, lower_lazy_trees
from mulfree.compiler.families.logic_trees.operator import MinMaxTrees
from mulfree.compiler.families.logic_trees.pattern import recognise

FAMILY = Family(
    "logic-trees",
    operators=(MinMaxTrees, LazyTrees),
    forms=FORMS,
    recognise=(recognise,),
    streamline={RealTrees: streamline.trees},
    lowering={MinMaxTrees: lower_trees, LazyTrees: lower_lazy_trees},
    shapes={LazyTrees: lazy_shape},
    on_request={LazyTrees.name: EvaluateLazily()},
)
