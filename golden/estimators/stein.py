"""Stein's estimator as the paper states it (equations 4 and 5): plain evaluations at perturbed points.

With delta = sigma v and v normal with unit variance in each of D coordinates::

    grad u = (1/K) sum of delta / (2 sigma^2) (u+ - u-)
    lap u  = (1/K) sum of (|delta|^2 - sigma^2 D) / (2 sigma^4) (u+ + u- - 2 u)        u+- = u(x +- delta)

Perturbed inputs are quantized as they are, so at a small sigma quantization masks the perturbation. At the output the
differences ``u+ - u`` and ``u- - u`` are taken exactly and rounded to SMX-16, then weighted as those of `diffquant`
are. Along directions that are not Gaussian the weight of equation 5 has no variance left to work with; second
differences are then averaged instead (`golden.estimators.directions`).
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ..arithmetic import Arithmetic, Role
from ..layers import Planes
from ..slopes import Slopes
from .chunk import Chunk
from .diffquant import DIFFERENCES, difference_weights
from .directions import Directions, Floats
from .estimator import Estimator, Pairs, perturbations

T = TypeVar("T")

_WIDE = Role.ELEMENTWISE
_VALUES = {"plus": "difference_plus", "minus": "difference_minus"}
"""Planes of values, and those of their differences from the base."""


class Stein(Estimator):
    """Planes ``plus<k>`` and ``minus<k>`` of values, one for each direction.

    They are separate because a bias reaches logical rows only.

    Parameters
    ----------
    sigma : float
        Standard deviation of a perturbation in each coordinate.
    """

    needs_value = True
    rows_a_direction = 2

    def __init__(self, directions: Directions, chunk: int, sigma: float) -> None:
        super().__init__(directions, chunk)
        self._sigma = sigma

    def rows(self, arithmetic: Arithmetic[T], points: npt.NDArray[np.float64], chunk: Chunk) -> Planes[T]:
        steps = perturbations(chunk, self._sigma, len(points))
        return {
            f"{plane}{k}": arithmetic.encode(points + DIFFERENCES[difference] * step, Role.INPUT)
            for plane, difference in _VALUES.items()
            for k, step in enumerate(steps)
        }

    def activate(self, arithmetic: Arithmetic[T], slopes: Slopes[T], y: Planes[T], chunk: Chunk) -> Planes[T]:
        return {p: arithmetic.activate(slopes.function, 0, value, Role.ACTIVATION) for p, value in y.items()}

    def activate_backward(
        self,
        arithmetic: Arithmetic[T],
        slopes: Slopes[T],
        y: Planes[T],
        after: Planes[T],
        chunk: Chunk,
        bend: T | None,
    ) -> tuple[Planes[T], list[T]]:
        before: Planes[T] = {}
        for plane, value in y.items():
            slope = arithmetic.activate(slopes.function, 1, value, _WIDE)
            before[plane] = arithmetic.multiply(slope, after[plane], Role.GRADIENT)
        return before, []

    def base_terms(self, slopes: Slopes[T], sums: Sequence[T]) -> Pairs[T]:
        return []

    def weights(self, chunk: Chunk, outputs: Sequence[str]) -> dict[str, Floats]:
        return difference_weights(chunk, outputs, self._sigma)

    def differences(self, arithmetic: Arithmetic[T], base: T | None, y: Planes[T], chunk: Chunk) -> Planes[T]:
        assert base is not None
        minus_one = arithmetic.encode(np.full(arithmetic.shape(base), -1.0), _WIDE)
        return {
            difference: arithmetic.stack(
                [arithmetic.multiply_add(base, minus_one, y[f"{plane}{k}"], _WIDE) for k in range(chunk.size)]
            )
            for plane, difference in _VALUES.items()
        }

    def differences_backward(
        self, arithmetic: Arithmetic[T], g: Planes[T], chunk: Chunk, points: int
    ) -> tuple[Planes[T], T | None]:
        split = {
            f"{plane}{k}": part
            for plane, difference in _VALUES.items()
            for k, part in enumerate(arithmetic.split(g[difference], [points] * chunk.size))
        }
        minus_one = arithmetic.encode(np.full((points, 1), -1.0), _WIDE)
        count = len(split)
        ones = arithmetic.stack([minus_one] * count)
        return split, arithmetic.sum_parts(ones, arithmetic.stack(list(split.values())), [points] * count, _WIDE)
