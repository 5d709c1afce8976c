"""The paper's remedy for Stein's estimator (DiffQuant), its equations inferred from its description.

Beside the base y, each layer carries the differences ``e+`` and ``e-`` that the perturbations +delta and -delta make,
quantized by themselves with their own exponents. Linear layers act on each alone. At an activation::

    e' = phi' e + (phi''/2) e^2 + (phi'''/6) e^3
    g_e = c G_e,  c = phi' + phi'' e + (phi'''/2) e^2
    g_y += phi'' S1 + (phi'''/2) S2 + (phi''''/6) S3,  Sn = sum of G_e e^n over e+, e- and the directions

``e^2``, ``e^3 = e e^2`` and c round to SMX-16, and so do sums of two products before a third one is added.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ..arithmetic import Arithmetic, Role
from ..layers import Planes
from ..slopes import Slopes
from . import series
from .chunk import Chunk
from .directions import Directions, Floats
from .estimator import Estimator, Pairs, output_weights, perturbations, sum_directions

T = TypeVar("T")

_WIDE = Role.ELEMENTWISE

DIFFERENCES = {"difference_plus": 1.0, "difference_minus": -1.0}
"""Planes of the differences ``e+`` and ``e-``, and the signs of their perturbations."""


class DiffQuant(Estimator):
    """Planes of `DIFFERENCES` from the base, one for each sign of a perturbation.

    Parameters
    ----------
    sigma : float
        Standard deviation of a perturbation in each coordinate.
    """

    rows_a_direction = 2

    def __init__(self, directions: Directions, chunk: int, sigma: float) -> None:
        super().__init__(directions, chunk)
        self._sigma = sigma

    def rows(self, arithmetic: Arithmetic[T], points: npt.NDArray[np.float64], chunk: Chunk) -> Planes[T]:
        steps = perturbations(chunk, self._sigma, len(points))
        return {
            plane: arithmetic.stack([arithmetic.encode(sign * step, Role.INPUT) for step in steps])
            for plane, sign in DIFFERENCES.items()
        }

    def activate(self, arithmetic: Arithmetic[T], slopes: Slopes[T], y: Planes[T], chunk: Chunk) -> Planes[T]:
        first, second, third = series.coefficients(slopes, chunk.size)
        after: Planes[T] = {}
        for plane, e in y.items():
            square = arithmetic.multiply(e, e, _WIDE)
            cube = arithmetic.multiply(e, square, _WIDE)
            terms = [(first, e), (second, square), (third, cube)]
            after[plane] = arithmetic.sum_products(terms, Role.A_ROW)
        return after

    def activate_backward(
        self,
        arithmetic: Arithmetic[T],
        slopes: Slopes[T],
        y: Planes[T],
        after: Planes[T],
        chunk: Chunk,
        bend: T | None,
    ) -> tuple[Planes[T], list[T]]:
        first, second, third = series.derivative_coefficients(slopes, chunk.size)
        before: Planes[T] = {}
        powers: list[Pairs[T]] = [[], [], []]
        for plane, e in y.items():
            g = after[plane]
            square = arithmetic.multiply(e, e, _WIDE)
            factor = arithmetic.multiply_add(second, e, first, _WIDE)
            factor = arithmetic.multiply_add(third, square, factor, _WIDE)
            before[plane] = arithmetic.multiply(factor, g, Role.GRADIENT)
            for pairs, power in zip(powers, (e, square, arithmetic.multiply(e, square, _WIDE)), strict=True):
                pairs.append((g, power))
        return before, [sum_directions(slopes, pairs, chunk.size) for pairs in powers]

    def base_terms(self, slopes: Slopes[T], sums: Sequence[T]) -> Pairs[T]:
        return series.base_terms(slopes, sums)

    def weights(self, chunk: Chunk, outputs: Sequence[str]) -> dict[str, Floats]:
        return difference_weights(chunk, outputs, self._sigma)


def difference_weights(chunk: Chunk, outputs: Sequence[str], sigma: float) -> dict[str, Floats]:
    """Weights of ``e+`` and ``e-``: first derivatives take half their difference, second ones their sum."""
    length = sigma * chunk.reach
    return {
        plane: output_weights(chunk, outputs, sign / (2 * length), 1 / length**2) for plane, sign in DIFFERENCES.items()
    }
