"""Convolutions by Fermat transforms in hardware: every word of every butterfly, every result, every cycle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mulfree.ir import BIPOLAR, Graph, IntRange, Value
from mulfree.ir.fermat import COLUMNS_FIRST, ROWS_FIRST
from mulfree.ir.ops import Window
from mulfree.rtl import Design
from mulfree.rtl.stages import fermat_convolution
from mulfree.sim.patterns import ALWAYS, Pattern, random_pattern
from tests.rtl.stages.fermat.chains import Layer, cosimulated, design_of, engine, traced

SAME_3, SAME_5 = Window((3, 3), pads=(1, 1, 1, 1)), Window((5, 5), pads=(2, 2, 2, 2))
LAYERS = {
    "one tile": Layer(4, 8, SAME_3, (2, 6, 6), 4, pe=2),
    "tiles": Layer(4, 8, Window((3, 3)), (2, 14, 8), 2, lanes=2),
    "stride": Layer(4, 8, Window((3, 3), (2, 2), pads=(1, 1, 1, 1)), (1, 9, 8), 2, pe=2),
    "long": Layer(3, 16, Window((3, 3)), (2, 10, 10), 2, x=IntRange(0, 1), most=3),
    "root": Layer(3, 32, SAME_5, (1, 20, 20), 1, x=IntRange(0, 1), most=3),
    "bipolar": Layer(3, 8, SAME_3, (2, 4, 5), 2, x=BIPOLAR, most=1),
    "short": Layer(4, 2, Window((2, 2)), (2, 3, 4), 2),
    "groups": Layer(4, 4, SAME_3, (4, 5, 5), 4, groups=2, lanes=2),
    "wide": Layer(5, 8, SAME_5, (2, 6, 6), 2, x=IntRange(-128, 127), most=127),
    "widest": Layer(6, 4, SAME_3, (1, 3, 3), 2, x=IntRange(-32768, 32767), most=32767),
}
EXAMINED = {"one tile": (2, 4, 6), "root": (1, 10)}
"""Passes after which the words are compared: within both axes, and at the end; odd powers of the root in the first."""
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


@pytest.mark.parametrize("is_inverse", [False, True])
@pytest.mark.parametrize("name", EXAMINED)
def test_an_engine_has_the_words_of_the_definition_between_passes(name: str, is_inverse: bool) -> None:
    layer = LAYERS[name]
    (transform,), ring = layer.form.transforms, layer.ring
    shape = (2, layer.shape[0], 2, layer.length, layer.length)
    x = np.random.default_rng(3).integers(0, ring.modulus, shape)
    steps = transform.inverse_words(x, COLUMNS_FIRST) if is_inverse else transform.forward_words(x, ROWS_FIRST)
    for passes, words in enumerate(steps, 1):
        if passes in EXAMINED[name]:
            design = engine(layer, passes, is_inverse=is_inverse)
            report = cosimulated(design, ring.encode(x), [ring.encode(words)], *PATTERNS["random"])
            assert report.is_equal, f"{passes} passes: {report}"


@pytest.mark.parametrize("name", LAYERS)
def test_folded_transforms_give_the_convolution(name: str) -> None:
    layer = LAYERS[name]
    x = layer.samples(3)
    design = design_of(layer, is_streaming=False)
    report = cosimulated(design, x, [layer.operator.evaluate(x)], *PATTERNS["random"])
    assert report.is_equal, str(report)


@pytest.mark.parametrize(("way", "is_streaming"), [("streaming", True), ("folded", False), ("chosen", None)])
@pytest.mark.parametrize("patterns", PATTERNS.values(), ids=PATTERNS)
def test_results_come_when_the_cycle_models_say(
    patterns: tuple[Pattern, Pattern], way: str, is_streaming: bool | None
) -> None:
    del way
    layer = LAYERS["tiles"]
    x = layer.samples(4)
    report = cosimulated(design_of(layer, is_streaming), x, [layer.operator.evaluate(x)], *patterns)
    assert report.is_equal, str(report)
