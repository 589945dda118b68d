"""Sums of bits by weight, and how a netlist of counters is led back to the bits that it sums.

A counter is a theorem: what goes in, by weight, is what comes out, by weight (`counters.py` says which, SAT proves it).
A sum of a netlist's results is rewritten theorem by theorem, from the results back, until only given nets are left.
What remains is the sum that the netlist computes, whatever plan it was made by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mulfree.backends.formal.counters import Counting, counting
from mulfree.backends.formal.netlist import Instance, Literal, Netlist


class NotLinear(Exception):
    """What was found that no rule leads back."""


@dataclass
class Form:
    """constant + sum over nets of weight times bit; modulo `modulus`, if it has one."""

    weights: dict[int, int] = field(default_factory=dict[int, int])
    constant: int = 0
    modulus: int | None = None

    def add(self, bit: Literal | int, weight: int) -> None:
        net, is_inverted = bit if isinstance(bit, Literal) else (bit, False)
        if is_inverted:
            self.constant, weight = self._reduced(self.constant + weight), -weight
        if net in (0, 1):
            self.constant = self._reduced(self.constant + net * weight)
        else:
            total = self._reduced(self.weights.pop(net, 0) + weight)
            self.weights |= {net: total} if total else {}

    def _reduced(self, number: int) -> int:
        return number % self.modulus if self.modulus else number

    def plus(self, other: Form, factor: int = 1) -> Form:
        """self + factor * other, modulo the modulus of self."""
        total = Form(dict(self.weights), self._reduced(self.constant + factor * other.constant), self.modulus)
        for net, weight in other.weights.items():
            total.add(net, factor * weight)
        return total

    @property
    def is_zero(self) -> bool:
        return not self.weights and self.constant == 0

    def ends(self) -> tuple[int, int]:
        """Least and most, with weights of least magnitude."""
        half = (self.modulus or 0) // 2
        centred = [w - self.modulus if self.modulus and w > half else w for w in (*self.weights.values(),)]
        constant = self.constant - (self.modulus or 0) if self.modulus and self.constant > half else self.constant
        return constant + sum(w for w in centred if w < 0), constant + sum(w for w in centred if w > 0)


@dataclass(frozen=True)
class LedBack:
    """A form over given nets, the counters whose theorems it rests on, and the most that unread bits may add."""

    form: Form
    counters: tuple[Counting, ...]
    slack: int


def lead_back(netlist: Netlist, form: Form, stop: set[int], may_drop: bool = False) -> LedBack:
    """The form over the nets of `stop`. With `may_drop` counters' bits that are missing from it are added, and counted.

    Raises NotLinear where something else than a counter, a complement, an adder or a wire is met.
    """
    form, used, slack = Form(dict(form.weights), form.constant, form.modulus), list[Counting](), 0
    while open_ := [net for net in form.weights if net not in stop]:
        undriven = [net for net in open_ if net not in netlist.driver]
        if undriven:
            raise NotLinear("it reads what is not its operand")
        latest = max((netlist.driver[net] for net in open_), key=netlist.order.__getitem__)
        slack += _replace(form, latest, used, may_drop, stop)
    return LedBack(form, tuple(used), slack)


def _replace(form: Form, instance: Instance, used: list[Counting], may_drop: bool, stop: set[int]) -> int:
    """Take the instance's results out of the form, and what goes in, in."""
    bitwise = _bitwise(instance)
    if bitwise is not None:
        for net, literal in bitwise.items():
            form.add(literal, form.weights.pop(net, 0))
        return 0
    rule = counting(instance)
    if rule is None or stop & set(instance.result):
        raise NotLinear(f"{instance.kind} is no counter")
    scale, slack = _scale(form, rule, may_drop)
    used.append(rule)
    for net in instance.result:
        form.weights.pop(net, None)
    for net, weight in rule.takes:
        form.add(net, scale * weight)
    return slack


def _bitwise(instance: Instance) -> Mapping[int, Literal] | None:
    """Nets that are others, or their complements."""
    source = {"$not": "A", "$pos": "A"}.get(instance.kind)
    if source is None or len(instance.ports[source]) != len(instance.result):
        return None
    pairs = zip(instance.result, instance.ports[source], strict=True)
    return {y: Literal(x, instance.kind == "$not") for y, x in pairs}


def _scale(form: Form, rule: Counting, may_drop: bool) -> tuple[int, int]:
    """What the form counts a counter's lowest bit for, and what its bits that the form lacks count for."""
    modulus, found = form.modulus or 0, [form.weights.get(net, 0) for net in rule.gives]
    first = next(i for i, weight in enumerate(found) if weight)
    scale, left = divmod(found[first], 1 << first)
    missing = [scale << i for i, weight in enumerate(found) if weight != _mod(scale << i, modulus)]
    if left or (
        missing and not (may_drop and all(w == 0 or w == _mod(scale << i, modulus) for i, w in enumerate(found)))
    ):
        raise NotLinear("bits of a counter's result are missing or stand elsewhere")
    if rule.most >= 1 << len(found) and _mod(scale << len(found), modulus):
        raise NotLinear("a counter's carry is dropped")
    return scale, sum(missing)


def _mod(number: int, modulus: int) -> int:
    return number % modulus if modulus else number


def form_of(
    bits: Iterable[Literal | int], weights: Iterable[int], constant: int = 0, modulus: int | None = None
) -> Form:
    """constant + the sum of weights times bits."""
    form = Form(modulus=modulus)
    form.add(1, constant)
    for bit, weight in zip(bits, weights, strict=True):
        form.add(bit, weight)
    return form
