from __future__ import annotations

from pathlib import Path

import pytest

import mulfree
from mulfree.compiler.families.and_popcount import AndPopcount
from mulfree.compiler.families.arithmetic import Arithmetic
from mulfree.compiler.price import price
from mulfree.ir import CompileError
from mulfree.rtl.cost import TARGETS

MODEL = Path(mulfree.__file__).parent / "examples" / "digits.onnx"


def arithmetics(design: mulfree.CompiledModel) -> list[Arithmetic]:
    return [node.op for node in design.hardware.graph.nodes if isinstance(node.op, Arithmetic)]


@pytest.mark.parametrize("target", TARGETS)
def test_every_layer_gets_the_cheapest_arithmetic(target: str) -> None:
    design = mulfree.compile(MODEL, target=target)
    found = design.alternatives()
    assert [op.name for op in arithmetics(design)] == [rows[0].arithmetic.name for rows in found.values()]
    assert max(len(rows) for rows in found.values()) > 1
    for rows in found.values():
        prices = [price(a.cost, target) for a in rows]
        assert prices == sorted(prices)


def test_the_price_of_an_alternative_is_that_of_its_stages() -> None:
    design = mulfree.compile(MODEL)
    rows = {stage.name: stage.cost for stage in design.estimate().stages}
    (_, last), *_ = reversed(design.alternatives().items())
    assert last[0].cost.luts == pytest.approx(rows["dense12"].luts, rel=0.1)


def test_a_preferred_arithmetic_is_taken_wherever_it_is_exact() -> None:
    preferring = mulfree.compile(MODEL, arithmetic="and_popcount")
    assert {type(op) for op in arithmetics(preferring)} == {AndPopcount}
    design = mulfree.compile(MODEL, arithmetic=["xnor_popcount"])
    names = [[a.arithmetic.name for a in rows] for rows in design.alternatives().values()]
    expected = ["xnor_popcount" if "xnor_popcount" in row else row[0] for row in names]
    assert [op.name for op in arithmetics(design)] == expected


def test_an_unknown_arithmetic_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(CompileError, match=r"'product' is no arithmetic; choose from .*xnor_popcount"):
        mulfree.compile(MODEL, arithmetic="product")
