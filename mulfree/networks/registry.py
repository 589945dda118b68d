"""All networks by name, and their options from text."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

from mulfree.ir import CompileError
from mulfree.networks.architecture import Architecture
from mulfree.networks.attention import aw_resnet
from mulfree.networks.dense import binary_densenet, ua_densenet
from mulfree.networks.grouped import reaf_resnet
from mulfree.networks.logic_trees import caln
from mulfree.networks.min_select import lenet_min, mini_cifar_min
from mulfree.networks.residual import bi_real_resnet, pa_resnet, resnet
from mulfree.networks.searched import nasb_resnet
from mulfree.networks.shifted import sanet, shiftnet
from mulfree.networks.sum_max import mac, sam
from mulfree.networks.unified import ua_resnet

NETWORKS: Mapping[str, Callable[..., Architecture]] = {
    "bi-real-resnet": bi_real_resnet,
    "pa-resnet": pa_resnet,
    "ua-resnet": ua_resnet,
    "binary-densenet": binary_densenet,
    "ua-densenet": ua_densenet,
    "reaf-resnet": reaf_resnet,
    "aw-resnet": aw_resnet,
    "nasb-resnet": nasb_resnet,
    "shiftnet": shiftnet,
    "sanet": sanet,
    "lenet-min": lenet_min,
    "mini-cifar-min": mini_cifar_min,
    "sam": sam,
    "mac": mac,
    "caln": caln,
    "resnet": resnet,
}
"""The functions that describe a network, by name; `mac` and `resnet` are what others are compared with."""


def describe(name: str, **options: Any) -> Architecture:
    """The architecture of a network of `NETWORKS`.

    Raises CompileError for an unknown name or option, and for options that fit no network.
    """
    if name not in NETWORKS:
        raise CompileError(f"there is no network '{name}'; choose from {', '.join(NETWORKS)}")
    known = defaults(name)
    if unknown := set(options) - set(known):
        raise CompileError(f"{name} has no option '{min(unknown)}'; it has {', '.join(known)}")
    try:
        return NETWORKS[name](**options)
    except ValueError as error:
        raise CompileError(f"{name}: {error}") from None


def defaults(name: str) -> dict[str, Any]:
    """Options of a network and their values unless given."""
    return {key: option.default for key, option in inspect.signature(NETWORKS[name]).parameters.items()}


def parsed(name: str, text: str) -> tuple[str, Any]:
    """`width=16`, `blocks=1,1,1,1` or `is_binary=no` as the name of an option of the network and its value.

    Raises CompileError for text that says no such thing.
    """
    if name not in NETWORKS:
        raise CompileError(f"there is no network '{name}'; choose from {', '.join(NETWORKS)}")
    key, _, value = text.partition("=")
    hints = get_type_hints(NETWORKS[name])
    if key not in defaults(name):
        raise CompileError(f"{name} has no option '{key}'; it has {', '.join(defaults(name))}")
    try:
        return key, _value(hints[key], value.strip())
    except (ValueError, KeyError):
        raise CompileError(f"{name}: '{value}' is no value for '{key}'; {_remedy(hints[key])}") from None


TRUTH = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def _value(kind: Any, text: str) -> Any:
    if kind is bool:
        return TRUTH[text.lower()]
    if get_origin(kind) is Literal:
        return {str(choice): choice for choice in get_args(kind)}[text]
    if get_origin(kind) is tuple:
        return tuple(get_args(kind)[0](part) for part in text.split(","))
    return kind(text)


def _remedy(kind: Any) -> str:
    if kind is bool:
        return "say yes or no"
    if get_origin(kind) is Literal:
        return f"choose from {', '.join(map(str, get_args(kind)))}"
    if get_origin(kind) is tuple:
        return "give values with commas between them"
    return "give a whole number"
