"""spectrum_product: products of spectra with constant ones, added up over channels, digit by digit of the constants."""

from __future__ import annotations

import numpy as np

from mulfree.ir import BIT, AnyArray, IntArray, Location, TensorType, Value
from mulfree.ir.diminished_one import DiminishedOne
from mulfree.rtl import cells as basic
from mulfree.rtl.actors import Actor, Stepper
from mulfree.rtl.cell_verilog import literal
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.diminished_one import cells
from mulfree.rtl.stages.constants import packed_memory
from mulfree.rtl.stages.matrix_vector import fetch_text
from mulfree.rtl.stages.reduction import run_of
from mulfree.rtl.stages.text import CLOCK, circuit_instance, circuit_text, handshake, instance, module_text, rom_text

DIGIT_BITS = 2


def spectrum_product(
    name: str,
    x: Stream,
    value: Value[TensorType],
    order: IntArray,
    *,
    ring: DiminishedOne,
    factors: IntArray,
    pe: int,
    style: str = "auto",
    location: Location | None = None,
) -> Stage:
    """y[m] of a point p: the sum over k of x[k] factors[p, g, m', k] modulo F, m = m' + g (outputs of a group).

    x brings points one after the other, each `groups` runs of K words of x.lanes channels; after all points of
    `factors` (points, groups, outputs of a group, K) it is the first one's turn again. Factors are residues. They are
    stored in signed digits of base 4, b / 2 of them, the highest first: y = 4 y + d x, one digit of `pe` outputs and
    x.lanes channels at a time. `value` leaves in the order `order`, `pe` words of a point to a token.
    """
    points, groups, outputs, inputs = factors.shape
    simd, digits = x.lanes, ring.bits // DIGIT_BITS
    in_folds, out_folds = inputs // simd, outputs // pe
    assert in_folds * simd == inputs, f"{name}: {simd} lanes do not divide {inputs} inputs"
    assert out_folds * pe == outputs, f"{name}: pe {pe} does not divide {outputs} outputs"
    # Points, groups, folds of outputs, digits, folds of inputs; then outputs and inputs at once.
    split = digits_of(ring, factors).reshape(digits, points, groups, out_folds, pe, in_folds, simd)
    steps = split.transpose(1, 2, 3, 0, 5, 4, 6).reshape(-1, pe * simd)
    return Stage(
        name=name,
        module="spectrum_product",
        inputs=(x,),
        outputs=(Stream(name, value, order, pe, value.type),),
        actors=_actors(out_folds * digits, in_folds, digits),
        parameters={
            "bits": ring.bits,
            "points": points,
            "groups": groups,
            "pe": pe,
            "simd": simd,
            "output_folds": out_folds,
            "input_folds": in_folds,
            "digits": digits,
            "step_copies": pe,
        },
        memories={"weights": packed_memory(steps, cells.DIGITS, style)},
        circuits={"step": step_circuit(ring, simd, is_one_fold=in_folds == 1)},
        location=location,
    )


def digits_of(ring: DiminishedOne, residues: IntArray) -> AnyArray:
    """Digits -2 ... 2 of base 4 of the residues taken nearest to 0, (b / 2, *shape), the highest first."""
    rest = np.where(residues > ring.centred.hi, residues - ring.modulus, residues).astype(object)
    found = list[AnyArray]()
    for _ in range(ring.bits // DIGIT_BITS - 1):
        digit = (rest + 1) % 4 - 1
        # 2 and -2 leave the same: the one that leaves less.
        digit = np.where((digit == 2) & (rest < 0), -2, digit)
        rest = (rest - digit) // 4
        found.append(digit.astype(np.int64))
    return np.stack([rest.astype(np.int64), *reversed(found)])


def step_circuit(ring: DiminishedOne, simd: int, *, is_one_fold: bool) -> Circuit:
    """What an output's sum becomes: 4 times as much with a new digit, then the digits times x more."""
    circuit = Circuit()
    state, x = circuit.input("state", ring.codes), circuit.input("x", ring.codes, simd)
    digits = circuit.input("w", cells.DIGITS, simd)
    raised = circuit.drive(cells.rotate(ring, DIGIT_BITS), state)
    if not is_one_fold:
        raised = circuit.drive(basic.MUX, circuit.input("is_new", BIT), raised, state)
    circuit.output("next", _sum_of_multiples(circuit, ring, raised, x, digits))
    return circuit


def _sum_of_multiples(circuit: Circuit, ring: DiminishedOne, first: Wire, x: Wire, digits: Wire) -> Wire:
    """first + sum of digits[i] x[i]: pairs of lanes side by side, then a tree."""

    def one(lane: int) -> tuple[Wire, Wire]:
        return circuit.drive(basic.pick((lane,)), x), circuit.drive(basic.pick((lane,)), digits)

    def more(sum: Wire, lane: int) -> Wire:
        return circuit.drive(cells.add_digit(ring), sum, *one(lane))

    lanes = list(range(x.lanes))
    terms = [more(first, lanes.pop()) if len(lanes) % 2 else first]
    terms += [more(circuit.drive(cells.digit(ring), *one(lane)), lane + 1) for lane in lanes[::2]]
    while len(terms) > 1:
        terms = [*terms[2:], circuit.drive(cells.add(ring), terms[0], terms[1])]
    return terms[0]


def _actors(repeat: int, in_folds: int, digits: int) -> tuple[Actor, ...]:
    steps = repeat * in_folds
    return Stepper(np.arange(steps)[None] < in_folds, np.ones((1, steps), bool)), run_of(digits * in_folds)


def spectrum_product_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    p = stage.parameters
    purpose = (
        f"{p['points']} points of a spectrum modulo 2^{p['bits']} + 1 times constants, {p['pe']} outputs of "
        f"{p['simd']} channels at a time; {p['groups']} groups x {p['output_folds']} output folds x {p['digits']} "
        f"digits x {p['input_folds']} input folds."
    )
    parts = [
        circuit_text(stage, "step", "An output's sum after a step"),
        rom_text(stage, "weights", "Digits of the constants by point, group, output fold, digit, input fold"),
    ]
    return module_text(stage, purpose, [*_fetch(stage), *_lanes(stage), *_end(stage)], parts)


def _fetch(stage: Stage) -> list[str]:
    """Signals x, weights, and of every step: valid, ready, last of an output, first of a digit."""
    p, (x,) = stage.parameters, stage.inputs
    run = {**CLOCK, "advance": "step_valid && step_ready", "last": "step_last"}
    lines = [
        f"logic [{x.token_bits - 1}:0] x;",
        f"logic [{p['pe'] - 1}:0][{stage.memories['weights'].width // p['pe'] - 1}:0] weights;",
        "logic step_valid, step_ready, step_last, fold_last;",
        *fetch_text(stage, p["input_folds"], p["output_folds"] * p["digits"], "fold_last"),
        instance("run_counter", "u_run", {"LENGTH": p["digits"] * p["input_folds"]}, run),
    ]
    if p["input_folds"] == 1:
        return [*lines, "logic unused_last;", "assign unused_last = fold_last;"]
    # The state of an output starts at zero, of which four times is zero: any step may be its first.
    return [
        *lines,
        "logic is_new;",
        "always_ff @(posedge clk) begin",
        "  if (rst) is_new <= 1'b1;",
        "  else if (step_valid && step_ready) is_new <= fold_last;",
        "end",
    ]


def _lanes(stage: Stage) -> list[str]:
    p = stage.parameters
    word = p["bits"] + 1
    ports = {"state": "state[i]", "x": "x", "w": "weights[i]", "next": "next[i]"}
    if p["input_folds"] > 1:
        ports["is_new"] = "is_new"
    step = circuit_instance(stage, "step", ports)
    return [
        f"logic [{p['pe'] - 1}:0][{word - 1}:0] state, next;",
        f"for (genvar i = 0; i < {p['pe']}; i++) begin : g_output",
        *(f"  {line}" for line in step.splitlines()),
        "end",
    ]


def _end(stage: Stage) -> list[str]:
    p = stage.parameters
    word = p["bits"] + 1
    zeros = sum(1 << (i * word + p["bits"]) for i in range(p["pe"]))
    ports = {
        **CLOCK,
        "s_valid": "step_valid",
        "s_last": "step_last",
        "s_ready": "step_ready",
        "state": "state",
        "next": "next",
        **handshake("m", "m"),
    }
    width = p["pe"] * word
    return [instance("step_reduce", "u_reduce", {"WIDTH": width, "START": literal(width, zeros)}, ports)]
