"""The networks of the papers, at any width and input size, with random weights.

    import onnx
    from mulfree.networks import to_onnx, ua_resnet

    onnx.save(to_onnx(ua_resnet(width=16), seed=1), "ua_resnet.onnx")

A function per network describes its architecture: layers and shapes, no weights. `to_onnx` draws these; `parameters`,
`multiplications` and `depth` count without them.
"""

from mulfree.networks.architecture import Architecture, Feature, Layer
from mulfree.networks.attention import aw_resnet
from mulfree.networks.constants import Parameter, Role
from mulfree.networks.cost import depth, multiplications, parameters
from mulfree.networks.dense import binary_densenet, ua_densenet
from mulfree.networks.grouped import reaf_resnet
from mulfree.networks.logic_trees import caln
from mulfree.networks.min_select import lenet_min, mini_cifar_min
from mulfree.networks.onnx_file import to_onnx
from mulfree.networks.registry import NETWORKS, describe
from mulfree.networks.residual import bi_real_resnet, pa_resnet, resnet
from mulfree.networks.searched import nasb_resnet
from mulfree.networks.shifted import sanet, shiftnet
from mulfree.networks.sum_max import mac, sam
from mulfree.networks.unified import ua_resnet

__all__ = [
    "NETWORKS",
    "Architecture",
    "Feature",
    "Layer",
    "Parameter",
    "Role",
    "aw_resnet",
    "bi_real_resnet",
    "binary_densenet",
    "caln",
    "depth",
    "describe",
    "lenet_min",
    "mac",
    "mini_cifar_min",
    "multiplications",
    "nasb_resnet",
    "pa_resnet",
    "parameters",
    "reaf_resnet",
    "resnet",
    "sam",
    "sanet",
    "shiftnet",
    "to_onnx",
    "ua_densenet",
    "ua_resnet",
]
