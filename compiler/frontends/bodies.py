"""Gives QONNX quantisers and the families' forms function bodies of standard operators: any ONNX runtime computes them.

A body is legal at the model's own opset, and there is one for each combination of attributes, told apart by the
overload (IR version 10). Tools that know the operators, ours included, go by domain and name as before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mulfree.compiler.registry import forms

if TYPE_CHECKING:
    from onnx import FunctionProto, ModelProto, NodeProto

LEAST_IR_VERSION = 10
LEAST_OPSET = {"Quant": 11, "BipolarQuant": 9}
"""The first with Round (half to even), and the first with Where."""

QUANTISERS = {"Quant": ("signed", "narrow", "rounding_mode"), "BipolarQuant": ()}
"""Operators that get a body, and their attributes."""

ROUNDING = {
    "ROUND": "r = Round (c)",
    "CEIL": "r = Ceil (c)",
    "FLOOR": "r = Floor (c)",
    "UP": "g = Sign (c) a = Abs (c) n = Ceil (a) r = Mul (g, n)",
    "DOWN": "g = Sign (c) a = Abs (c) n = Floor (a) r = Mul (g, n)",
    "HALF_UP": "g = Sign (c) a = Abs (c) h = Add (a, half) n = Floor (h) r = Mul (g, n)",
    "HALF_DOWN": "g = Sign (c) a = Abs (c) h = Sub (a, half) n = Ceil (h) r = Mul (g, n)",
}
"""From the clamped value c to the rounded value r."""

CONSTANTS = (
    "zero = Constant <value = float {0}> () half = Constant <value = float {0.5}> () "
    "one = Constant <value = float {1}> () minus_one = Constant <value = float {-1}> () "
    "two = Constant <value = float {2}> ()"
)
BIPOLAR_BODY = "is_low = Less (x, zero) sign = Where (is_low, minus_one, one) y = Mul (sign, scale)"
SIGNED_LIMITS = "values = Pow (two, bits) limit = Div (values, two) least = Neg (limit) hi = Sub (limit, one)"
UNSIGNED_LIMITS = "lo = Identity (zero) values = Pow (two, bits) greatest = Sub (values, one)"
ONE_BIT = "is_bit = Equal (bits, one) is_low = Less (z, zero) sign = Where (is_low, minus_one, one)"


def attach_bodies(model: ModelProto) -> ModelProto:
    """A copy in which every Quant and BipolarQuant node and every form of a family without a body has one.

    Raises ValueError for an opset that is too old (`LEAST_OPSET`), and for an unknown rounding mode.
    """
    import onnx

    result = onnx.ModelProto()
    result.CopyFrom(model)
    opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    known = {(f.domain, f.name, f.overload) for f in result.functions}
    for node in result.graph.node:
        if _needs_body(node) and (node.domain, node.op_type, node.overload) not in known:
            body = _body(node, opset)
            node.overload = body.overload
            if (body.domain, body.name, body.overload) not in known:
                known.add((body.domain, body.name, body.overload))
                result.functions.append(body)
    if len(result.functions) > len(model.functions):
        result.ir_version = max(result.ir_version, LEAST_IR_VERSION)
        _declare_domains(result)
    return result


def _needs_body(node: NodeProto) -> bool:
    return (node.op_type in QUANTISERS and bool(node.domain)) or (node.domain, node.op_type) in forms()


def _declare_domains(model: ModelProto) -> None:
    declared = {o.domain for o in model.opset_import}
    for domain in sorted({f.domain for f in model.functions} - declared):
        model.opset_import.add(domain=domain, version=1)


def _body(node: NodeProto, opset: int) -> FunctionProto:
    form = forms().get((node.domain, node.op_type))
    if form:
        return form.body(node, opset)
    least = LEAST_OPSET[node.op_type]
    if opset < least:
        raise ValueError(f"a body of {node.op_type} needs opset {least}; the model has {opset}: convert it first")
    if node.op_type == "BipolarQuant":
        return _function(node, "", "x, scale", BIPOLAR_BODY, opset)
    signed, narrow, mode = _quant_attributes(node)
    name = "_".join(["signed" if signed else "unsigned", *(["narrow"] if narrow else []), mode.lower()])
    return _function(node, name, "x, scale, zero_point, bits", _quant_body(signed, narrow, mode), opset)


def _quant_attributes(node: NodeProto) -> tuple[bool, bool, str]:
    import onnx

    values = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    mode = values.get("rounding_mode", b"ROUND").decode().upper()
    if mode not in ROUNDING:
        raise ValueError(f"node '{node.name}' has the unknown rounding mode '{mode}'")
    return bool(values.get("signed", 1)), bool(values.get("narrow", 0)), mode


def _quant_body(signed: bool, narrow: bool, mode: str) -> str:
    """y = (round(clamp(x / scale + zero_point, lo, hi)) - zero_point) * scale; signed with one bit is bipolar."""
    gap = "Add (least, one)" if narrow else "Identity (least)"
    shrink = "Sub (greatest, one)" if narrow else "Identity (greatest)"
    limits = f"{SIGNED_LIMITS} lo = {gap}" if signed else f"{UNSIGNED_LIMITS} hi = {shrink}"
    choose = f"{ONE_BIT} q = Where (is_bit, sign, r)" if signed else "q = Identity (r)"
    start = "t = Div (x, scale) z = Add (t, zero_point) below = Min (z, hi) c = Max (below, lo)"
    return f"{limits} {start} {ROUNDING[mode]} {choose} d = Sub (q, zero_point) y = Mul (d, scale)"


def _function(node: NodeProto, overload: str, operands: str, body: str, opset: int) -> FunctionProto:
    from onnx import parser

    attributes = QUANTISERS[node.op_type]
    declared = f" <{', '.join(attributes)}>" if attributes else ""
    head = f'<domain: "{node.domain}", opset_import: ["" : {opset}]>'
    function = parser.parse_function(f"{head} {node.op_type}{declared} ({operands}) => (y) {{ {CONSTANTS} {body} }}")
    function.overload = overload
    _drop_unused(function)
    return function


def _drop_unused(function: FunctionProto) -> None:
    """Leave out the constants that nothing reads."""
    used = {name for n in function.node for name in n.input} | set(function.output)
    kept = [n for n in function.node if set(n.output) & used]
    del function.node[:]
    function.node.extend(kept)
