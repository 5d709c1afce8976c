"""The outputs' weighted sums over directions, lane by lane, forward and backward.

With y_r the network's output on row plane r (one value a point) and w_rj its weight in output j, a constant of each
point in SMX-16::

    output_j = sum over r of w_rj y_r        g_r = sum over j of w_rj G_j

Terms whose weights are zero at all points take no part.
"""

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np

from ..arithmetic import Arithmetic, Role
from ..layers import Planes
from ..real import Reals
from .directions import Floats

T = TypeVar("T")


class Reduction(Generic[T]):
    """Weights of one chunk.

    Parameters
    ----------
    arithmetic : Arithmetic
        Of the last layer.
    weights : mapping of float64 arrays, shapes (P, C, J)
        For each plane of rows; P is ``points`` or 1.
    points : int
        N.
    """

    def __init__(self, arithmetic: Arithmetic[T], weights: Mapping[str, Floats], points: int) -> None:
        self._arithmetic = arithmetic
        self._counts = {name: weight.shape[1] for name, weight in weights.items()}
        self._points = points
        self._weights: dict[tuple[int, int], T] = {}
        rows = [weight[:, k] for weight in weights.values() for k in range(weight.shape[1])]
        self._outputs = rows[0].shape[1]
        for r, row in enumerate(rows):
            for j in range(self._outputs):
                if row[:, j].any():
                    column = np.broadcast_to(row[:, j : j + 1], (points, 1))
                    self._weights[r, j] = arithmetic.encode(column, Role.ELEMENTWISE)

    def forward(self, y: Planes[T]) -> list[Reals]:
        """Outputs, shapes (N, 1), of stacked planes of one column."""
        arithmetic = self._arithmetic
        rows = [
            part for name, count in self._counts.items() for part in arithmetic.split(y[name], [self._points] * count)
        ]
        outputs = [
            self._sum([(w, rows[r]) for (r, j), w in self._weights.items() if j == output], Role.ELEMENTWISE)
            for output in range(self._outputs)
        ]
        return [arithmetic.decode(output) for output in outputs]

    def backward(self, gradients: Sequence[Reals]) -> Planes[T]:
        """Gradients of the planes from those of the outputs, shapes (N, 1)."""
        arithmetic = self._arithmetic
        g = [arithmetic.encode(gradient, Role.ELEMENTWISE) for gradient in gradients]
        rows = iter(range(sum(self._counts.values())))
        return {
            name: arithmetic.stack([self._of_row(next(rows), g) for _ in range(count)])
            for name, count in self._counts.items()
        }

    def _of_row(self, row: int, g: list[T]) -> T:
        return self._sum([(w, g[j]) for (r, j), w in self._weights.items() if r == row], Role.GRADIENT)

    def _sum(self, pairs: list[tuple[T, T]], role: Role) -> T:
        arithmetic = self._arithmetic
        if not pairs:
            return arithmetic.encode(np.zeros((self._points, 1)), role)
        weights, values = (arithmetic.stack(planes) for planes in zip(*pairs, strict=True))
        return arithmetic.sum_parts(weights, values, [self._points] * len(pairs), role)
