"""The outputs' weighted sums over directions: products with SMX-16 weights, forward and backward.

For N points, C directions and J outputs the weights are a matrix of C planes of N rows, and J planes of columns,
whose blocks are diagonal: a point's outputs take that point's rows only. Blocks of zeros take no part in a
contraction, so only the diagonal blocks need to be computed or stored.
"""

from collections.abc import Mapping
from typing import Generic, TypeVar

import numpy as np

from pinta_hw.spec.formats import BLOCK_SIDE, blocks

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
        self._planes = {name: weight.shape[1] for name, weight in weights.items()}
        self._points = points
        self._columns = BLOCK_SIDE * blocks(points)
        diagonal = np.arange(points)
        planes = []
        for weight in weights.values():
            self._outputs = weight.shape[2]
            for k in range(weight.shape[1]):
                plane = np.zeros((points, self._outputs, self._columns))
                plane[diagonal, :, diagonal] = weight[:, k]
                planes.append(arithmetic.encode(plane.reshape(points, self._outputs * self._columns), Role.ELEMENTWISE))
        self._weights = arithmetic.stack(planes)

    def forward(self, y: Planes[T]) -> Reals:
        """Outputs, shape (J, N, 1), of stacked planes of one column."""
        stacked = self._arithmetic.stack([y[name] for name in self._planes])
        sums = self._arithmetic.contract("outputs.forward", self._weights, stacked, a_transposed=True)
        return sums.reshape(self._outputs, self._columns, 1)[:, : self._points]

    def backward(self, gradients: Reals) -> Planes[T]:
        """Gradients of the planes from those of the outputs, shape (J, N, 1)."""
        padded = np.zeros((self._outputs, self._columns, 1), gradients.dtype)
        padded[:, : self._points] = gradients
        g = self._arithmetic.encode(padded.reshape(-1, 1), Role.ELEMENTWISE)
        stacked = self._arithmetic.gemm("outputs.backward", self._weights, g, Role.GRADIENT)
        rows = [self._points] * sum(self._planes.values())
        split = iter(self._arithmetic.split(stacked, rows))
        return {
            name: self._arithmetic.stack([next(split) for _ in range(count)]) for name, count in self._planes.items()
        }
