"""Lines of least squares: what brings the sums of an approximated layer back to the exact ones, channel by channel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def lines(sums: Floats, exact: Floats, otherwise: float) -> tuple[Floats, Floats]:
    """Gain and offset (C,) for which gain * sums + offset comes closest to `exact`, both (C, samples).

    A channel that does not rise with the exact one takes the gain `otherwise`.
    """
    mean, mean_exact = sums.mean(axis=1), exact.mean(axis=1)
    centred = sums - mean[:, None]
    product, square = (centred * exact).sum(axis=1), (centred * centred).sum(axis=1)
    gain = np.divide(product, square, out=np.full_like(mean, otherwise), where=(product > 0) & (square > 0))
    return gain, mean_exact - gain * mean
