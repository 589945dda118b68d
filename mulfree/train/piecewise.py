"""Weights and activations in pieces, each with a value of its own (the thesis' section 3.3).

Backwards, a step from one value to the next counts as a straight line around the endpoint between them, halfway to the
endpoints beside it: of slope `slope` times the height of the step.

**Corrected.** Equation 3.12 has t_0 = 2 v_0 - s_1, of which neither exists; it is 2 v_1 - t_1, so that the first line
reaches as far below v_1 as above. Equation 3.14 lacks a minus sign: an endpoint that moves up makes what it passes
smaller.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from mulfree.compiler.families.piecewise.fit import ENDPOINTS, FixedPoint, activation_pieces, weight_pieces
from mulfree.train.onnx_nodes import MULFREE, OnnxNode
from mulfree.train.quantisers import Quantiser
from mulfree.train.straight_through import replaced


class _WeightPieces(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, w: Tensor, endpoints: Tensor, values: Tensor, slope: float) -> Tensor:
        ctx.save_for_backward(w, endpoints, values)
        ctx.slope = slope
        return values[torch.bucketize(w, endpoints, right=True)]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        w, endpoints, values = ctx.saved_tensors
        between = (endpoints[1:] + endpoints[:-1]) / 2
        steps = ctx.slope * torch.diff(values)
        return gradients[0] * steps[torch.bucketize(w, between, right=True)], None, None, None


class PiecewiseWeights(Quantiser):
    """Equations 3.6 and 3.7: the mean of its piece for every weight, 0 in the middle one; gradient 3.8.

    Endpoints are fixed multiples of the standard deviation. Means are rounded to the finest fixed-point format of so
    many bits, sign included, that holds them, so that the exported network is exact.

    Args:
        pieces: that are not 0: 2, 4, 6 or 8.
        slope: lambda_W of equation 3.8.
    """

    def __init__(self, pieces: int = 8, bits: int = 8, *, slope: float = 1.0) -> None:
        super().__init__()
        if pieces not in ENDPOINTS or not 2 <= bits <= 12:
            raise ValueError(f"pieces={pieces}, bits={bits}: take {', '.join(map(str, ENDPOINTS))}, and 2 to 12 bits")
        self.pieces, self.bits, self.slope = pieces, bits, slope

    def forward(self, x: Tensor) -> Tensor:
        fitted = weight_pieces(x.detach().cpu().numpy(), self.pieces, self.bits)
        endpoints, values = (
            torch.as_tensor(v, dtype=x.dtype, device=x.device) for v in (fitted.endpoints, fitted.values)
        )
        result: Tensor = _WeightPieces.apply(x, endpoints, values, self.slope)
        return result

    def exported(self) -> nn.Module:
        """Weights leave as the values that they have."""
        return nn.Identity()

    def extra_repr(self) -> str:
        return f"{self.pieces}, bits={self.bits}"


class _ActivationPieces(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, endpoints: Tensor, values: Tensor, slope: float, reach: float) -> Tensor:
        ctx.save_for_backward(x, endpoints, values)
        ctx.slope, ctx.reach = slope, reach
        return _from_zero(values)[torch.bucketize(x, endpoints, right=True)]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, endpoints, values = ctx.saved_tensors
        steps = ctx.slope * torch.diff(_from_zero(values))
        count, line = len(values), torch.bucketize(x, _lines(endpoints, ctx.reach), right=True)
        by_line = _sums(gradients[0], line, count + 2)[1:-1]
        by_piece = _sums(gradients[0], torch.bucketize(x, endpoints, right=True), count + 1)[1:]
        none = steps.new_zeros(1)
        return gradients[0] * torch.cat([none, steps, none])[line], -steps * by_line, by_piece, None, None


def _from_zero(values: Tensor) -> Tensor:
    return torch.cat([values.new_zeros(1), values])


def _lines(endpoints: Tensor, reach: float) -> Tensor:
    """t_0, ..., t_N of equation 3.12: where each endpoint's line begins and ends."""
    between = (endpoints[1:] + endpoints[:-1]) / 2
    last = endpoints[-1:] + reach
    first = 2 * endpoints[:1] - (between[:1] if len(between) else last)
    return torch.cat([first, between, last])


def _sums(gradient: Tensor, index: Tensor, count: int) -> Tensor:
    return gradient.new_zeros(count).index_add(0, index.flatten(), gradient.flatten())


class PiecewiseActivation(Quantiser):
    """Equation 3.10: 0 below the first endpoint, then a value for each piece; gradients 3.11, 3.13 and 3.14.

    Endpoints and values are learned. They start as those of least squares on the first batch in training, as a stand-in
    for a rectifier, so a norm should come before. What is used of them rises: the sorted endpoints, and the sorted
    values, rounded to the finest fixed-point format of so many bits that holds them.

    Args:
        pieces: that are not 0, 1 to 7.
        slope: lambda_A of equation 3.11.
        reach: lambda_Delta of equation 3.12, how far above the last endpoint its line ends.
    """

    is_set: Tensor

    def __init__(self, pieces: int = 7, bits: int = 8, *, slope: float = 1.0, reach: float = 1.0) -> None:
        super().__init__()
        if not (1 <= pieces <= 7 and 2 <= bits <= 12):
            raise ValueError(f"pieces={pieces}, bits={bits}: take 1 to 7 pieces, and 2 to 12 bits")
        self.pieces, self.bits, self.slope, self.reach = pieces, bits, slope, reach
        self.endpoints = nn.Parameter(torch.arange(pieces) + 0.5)
        self.values = nn.Parameter(torch.arange(pieces) + 1.0)
        self.register_buffer("is_set", torch.tensor(False))

    def forward(self, x: Tensor) -> Tensor:
        self._start(x)
        endpoints, values = self._used()
        result: Tensor = _ActivationPieces.apply(x, endpoints, values, self.slope, self.reach)
        return result

    def _start(self, x: Tensor) -> None:
        if self.training and not self.is_set:
            fitted = activation_pieces(x.detach().cpu().numpy(), self.pieces, self.bits)
            for parameter, start in ((self.endpoints, fitted.endpoints), (self.values, fitted.real[1:])):
                parameter.data[: len(start)] = torch.as_tensor(start, dtype=parameter.dtype)
                parameter.data[len(start) :] = float(start[-1])
            self.is_set.fill_(True)

    def _used(self) -> tuple[Tensor, Tensor]:
        values = self.values.clamp(min=0).sort().values
        exact = values.detach().double().cpu().numpy()
        rounded = FixedPoint.holding(exact, self.bits).rounded(exact)
        return self.endpoints.sort().values, replaced(values, torch.as_tensor(rounded).to(values))

    def exported(self) -> nn.Module:
        if not self.is_set:
            raise ValueError("a PiecewiseActivation has no pieces yet: train at least one batch")
        endpoints, values = self._used()
        return OnnxNode(f"{MULFREE}::Piecewise", [endpoints.detach(), _from_zero(values.detach())])

    def extra_repr(self) -> str:
        return f"{self.pieces}, bits={self.bits}"
