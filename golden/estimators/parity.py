"""Odd and even parts of the differences instead of the differences: ``a = (e+ - e-)/2`` and ``s = (e+ + e-)/2``.

Linear layers act on each alone. At an activation, with the odd and even parts of the powers of ``s +- a``
``o2 = 2 a s``, ``n2 = a^2 + s^2``, ``o3 = s o2 + a n2`` and ``n3 = s n2 + a o2``::

    a' = phi' a + (phi''/2) o2 + (phi'''/6) o3             s' = phi' s + (phi''/2) n2 + (phi'''/6) n3

which is ``phi' a + phi'' a s + phi''' (a^3/6 + a s^2/2)`` and ``phi' s + phi'' (a^2 + s^2)/2 + phi''' (a^2 s/2 +
s^3/6)``. Backward, with ``c = phi' + phi'' s + (phi'''/2) n2`` and ``d = phi'' a + (phi'''/2) o2``::

    g_a = c G_a + d G_s                                    g_s = d G_a + c G_s
    g_y += phi'' S1 + (phi'''/2) S2 + (phi''''/6) S3,      Sn = sum over the directions of G_a on + G_s nn

The powers, c and d round to SMX-16, and so do sums of two products before a third one is added. The output's a is
half the first difference and s half the second: nothing is subtracted after quantization.
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


class Parity(Estimator):
    """Planes ``odd`` and ``even``; the latter is zero, and absent, at the inputs.

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
        return {"odd": arithmetic.stack([arithmetic.encode(step, Role.INPUT) for step in steps])}

    def activate(self, arithmetic: Arithmetic[T], slopes: Slopes[T], y: Planes[T], chunk: Chunk) -> Planes[T]:
        factors = series.coefficients(slopes, chunk.size)
        odd, even = _powers(slopes, y, chunk)
        return {
            "odd": arithmetic.sum_products(list(zip(factors, odd, strict=True)), Role.A_ROW),
            "even": arithmetic.sum_products(list(zip(factors, even, strict=True)), Role.S_ROW),
        }

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
        odd, even = _powers(slopes, y, chunk)
        straight = arithmetic.multiply_add(second, even[0], first, _WIDE)
        straight = arithmetic.multiply_add(third, even[1], straight, _WIDE)
        crossed = arithmetic.dot2(second, odd[0], third, odd[1], _WIDE)
        of_odd, of_even = after["odd"], after["even"]
        before = {
            "odd": arithmetic.dot2(straight, of_odd, crossed, of_even, Role.GRADIENT),
            "even": arithmetic.dot2(crossed, of_odd, straight, of_even, Role.GRADIENT),
        }
        sums = [sum_directions(slopes, [(of_odd, o), (of_even, n)], chunk.size) for o, n in zip(odd, even, strict=True)]
        return before, sums

    def base_terms(self, slopes: Slopes[T], sums: Sequence[T]) -> Pairs[T]:
        return series.base_terms(slopes, sums)

    def weights(self, chunk: Chunk, outputs: Sequence[str]) -> dict[str, Floats]:
        length = self._sigma * chunk.reach
        zero = np.zeros(chunk.size)
        return {
            "odd": output_weights(chunk, outputs, 1 / length, zero),
            "even": output_weights(chunk, outputs, zero, 2 / length**2),
        }


def _powers(slopes: Slopes[T], y: Planes[T], chunk: Chunk) -> tuple[tuple[T, T, T], tuple[T, T, T]]:
    """Odd and even parts of the first three powers of ``s +- a``."""
    arithmetic = slopes.arithmetic
    a = y["odd"]
    s = y["even"] if "even" in y else slopes.over(slopes.constant(0.0), chunk.size)
    odd = arithmetic.multiply(a, s, _WIDE, doubled=True)
    even = arithmetic.dot2(a, a, s, s, _WIDE)
    odd_cube = arithmetic.dot2(s, odd, a, even, _WIDE)
    even_cube = arithmetic.dot2(s, even, a, odd, _WIDE)
    return (a, odd, odd_cube), (s, even, even_cube)
