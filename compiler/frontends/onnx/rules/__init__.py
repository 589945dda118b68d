"""The table of operators that can be imported: (domain, name) to rule."""

from __future__ import annotations

from collections.abc import Mapping

from mulfree.compiler.frontends.onnx.rules import (
    channels_last,
    constant,
    contraction,
    elementwise,
    integer,
    linear_quant,
    normalization,
    pool,
    qonnx,
    reduction,
    shape,
    structure,
)
from mulfree.compiler.frontends.onnx.rules.rule import Key, Rule, Rules

_STANDARD: Rules = {
    **constant.RULES,
    **contraction.RULES,
    **elementwise.RULES,
    **integer.RULES,
    **linear_quant.RULES,
    **normalization.RULES,
    **pool.RULES,
    **reduction.RULES,
    **shape.RULES,
    **structure.RULES,
}

RULES: Mapping[Key, Rule] = {
    **{("", name): rule for name, rule in _STANDARD.items()},
    **{(domain, name): rule for domain in qonnx.DOMAINS for name, rule in qonnx.RULES.items()},
    **{(domain, name): rule for domain in channels_last.DOMAINS for name, rule in channels_last.RULES.items()},
}

__all__ = ["RULES", "Key", "Rule"]
