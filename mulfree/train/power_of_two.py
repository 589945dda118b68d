"""Weights that are powers of two with a sign."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mulfree.train.quantisers import Quantiser, quant_node
from mulfree.train.straight_through import replaced


class PowerOfTwo(Quantiser):
    """sgn(w) * 2^e with e = clamp(round(log2 |w|), least, greatest) and sgn(0) = +1; the gradient goes straight to w.

    A network computes with such weights exactly: in integers, relative to 2^least, each is a left shift of at most
    greatest - least. In ONNX they are integers of that grid, which any runtime multiplies.

    Raises ValueError if the grid needs more than 16 bits.
    """

    def __init__(self, least: int = -6, greatest: int = 0) -> None:
        super().__init__()
        if not 0 <= greatest - least <= 14:
            raise ValueError(f"exponents {least}..{greatest}: there must be 1 to 15 of them")
        self.least, self.greatest = least, greatest

    def forward(self, x: Tensor) -> Tensor:
        return replaced(x, self._nearest(x.detach()))

    def exponents(self, x: Tensor) -> Tensor:
        """The exponent of each weight."""
        tiny = torch.finfo(x.dtype).tiny
        return torch.round(torch.log2(x.abs().clamp(min=tiny))).clamp(self.least, self.greatest)

    def _nearest(self, x: Tensor) -> Tensor:
        return torch.where(x < 0, -1.0, 1.0).to(x.dtype) * torch.exp2(self.exponents(x))

    def exported(self) -> nn.Module:
        bits = float(self.greatest - self.least + 2)
        return quant_node([torch.tensor(2.0**self.least), torch.tensor(0.0), torch.tensor(bits)], True, True)

    def extra_repr(self) -> str:
        return f"least={self.least}, greatest={self.greatest}"
