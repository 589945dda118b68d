"""Convolutions by Fermat transforms in hardware: every word of every butterfly, every result, every cycle."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mulfree.ir import BIPOLAR, Graph, IntRange, Value
from mulfree.ir.ops import Window
from mulfree.rtl import Design
from mulfree.rtl.stages import fermat_convolution
from mulfree.sim.patterns import ALWAYS, Pattern, random_pattern
from tests.rtl.stages.fermat.chains import Layer, cosimulated, design_of, traced

SAME_3, SAME_5 = Window((3, 3), pads=(1, 1, 1, 1)), Window((5, 5), pads=(2, 2, 2, 2))
LAYERS = {
    "one tile": Layer(4, 8, SAME_3, (2, 6, 6), 4, pe=2),
    "tiles": Layer(4, 8, Window((3, 3)), (2, 14, 8), 2, lanes=2),
    "stride": Layer(4, 8, Window((3, 3), (2, 2), pads=(1, 1, 1, 1)), (1, 9, 8), 2, pe=2),
    "long": Layer(3, 16, Window((3, 3)), (2, 10, 10), 2, x=IntRange(0, 1), most=3),
    "root": Layer(3, 32, SAME_5, (1, 20, 20), 1, x=IntRange(0, 1), most=3),
    "bipolar": Layer(3, 8, SAME_3, (2, 4, 5), 2, x=BIPOLAR, most=1),
    "groups": Layer(4, 4, SAME_3, (4, 5, 5), 4, groups=2, lanes=2),
    "wide": Layer(5, 8, SAME_5, (2, 6, 6), 2, x=IntRange(-128, 127), most=127),
    "widest": Layer(6, 4, SAME_3, (1, 3, 3), 2, x=IntRange(-32768, 32767), most=32767),
}
PATTERNS = {"full rate": (ALWAYS, ALWAYS), "random": (random_pattern(0.7, 1), random_pattern(0.5, 2))}


@pytest.mark.parametrize("name", LAYERS)
def test_every_word_is_that_of_the_definition(name: str) -> None:
    layer = LAYERS[name]
    x = layer.samples(3)
    expected = [layer.ring.encode(words) for words in layer.words(x)]
    result = layer.operator.evaluate(x)
    report = cosimulated(traced(layer), x, [*expected, result], *PATTERNS["random"])
    assert report.is_equal, str(report)


def test_words_leave_where_words_are_asked_for() -> None:
    layer = LAYERS["stride"]
    x, conv = layer.samples(2), layer.operator
    held = Value("conv", replace(layer.result.type, range=layer.ring.codes))
    made = fermat_convolution("conv", layer.input(), held, layer.form, conv.weights.array, pe=layer.pe)
    assert "from_words" not in [stage.module for stage in made]
    design = Design("fermat", Graph(), made, list(made[0].inputs), list(made[-1].outputs))
    words = layer.ring.encode(conv.evaluate(x))
    report = cosimulated(design, x, [words], *PATTERNS["full rate"])
    assert report.is_equal, str(report)


@pytest.mark.parametrize("patterns", PATTERNS.values(), ids=PATTERNS)
def test_results_come_when_the_cycle_models_say(patterns: tuple[Pattern, Pattern]) -> None:
    layer = LAYERS["tiles"]
    x = layer.samples(4)
    report = cosimulated(design_of(layer), x, [layer.operator.evaluate(x)], *patterns)
    assert report.is_equal, str(report)
