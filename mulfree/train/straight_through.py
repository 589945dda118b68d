"""Steps whose gradient is taken to be that of a straight line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Product = Callable[[Tensor, Tensor], Tensor]


class _Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return torch.round(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0]


class _Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.where(x < 0, -1.0, 1.0).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return gradients[0] * (x.abs() <= 1)


class _WithGradientOf(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, value: Product, exact: Product) -> Tensor:
        ctx.save_for_backward(x, w)
        ctx.exact = exact
        return value(x, w)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        operands = [operand.detach().requires_grad_() for operand in ctx.saved_tensors]
        with torch.enable_grad():
            y = ctx.exact(*operands)
        return (*torch.autograd.grad(y, operands, gradients[0]), None, None)


class _Replace(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, value: Tensor) -> Tensor:
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0], None


def rounded(x: Tensor) -> Tensor:
    """x to the nearest integer, half to even; its gradient is 1."""
    result: Tensor = _Round.apply(x)
    return result


def sign(x: Tensor) -> Tensor:
    """-1 where x < 0, else 1; its gradient is 1 where |x| <= 1, else 0 (hard tanh)."""
    result: Tensor = _Sign.apply(x)
    return result


def replaced(x: Tensor, value: Tensor) -> Tensor:
    """`value`; the gradient goes to x unchanged."""
    result: Tensor = _Replace.apply(x, value)
    return result


def with_gradient_of(exact: Product, value: Product, x: Tensor, w: Tensor) -> Tensor:
    """value(x, w); the gradients to x and w are those of exact(x, w)."""
    result: Tensor = _WithGradientOf.apply(x, w, value, exact)
    return result
