"""Second-order Taylor mode: the limit of `parity` for sigma to 0, without a sigma.

A direction v carries ``a = v . grad y``; the second derivatives of all directions of space are summed before they are
propagated, in one row for each point (`golden.estimators.laplacian_row`): the forward Laplacian. At an activation::

    a' = phi' a                                      q = sum of a^2 over the directions of space
    g_a = phi' G_a + w a,  w = 2 phi'' G_s           g_y += phi'' S1,  S1 = sum of G_a a over the directions

with G_s the gradient of the Laplacian's row; time is a direction without a part in q. q, w and S1 round to SMX-16.
No activation function is evaluated on the directions.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ..arithmetic import Arithmetic, Role
from ..layers import Planes
from ..slopes import Slopes
from .chunk import Chunk
from .directions import Floats
from .estimator import Estimator, Pairs, output_weights, sum_directions

T = TypeVar("T")


class Jet(Estimator):
    """One plane, ``tangent``, of all directions of a chunk."""

    laplacian_row = True
    rows_a_direction = 1

    def rows(self, arithmetic: Arithmetic[T], points: npt.NDArray[np.float64], chunk: Chunk) -> Planes[T]:
        shape = len(points), chunk.vectors.shape[2]
        tangents = [np.broadcast_to(chunk.vectors[:, k], shape) for k in range(chunk.size)]
        return {"tangent": arithmetic.stack([arithmetic.encode(tangent, Role.INPUT) for tangent in tangents])}

    def activate(self, arithmetic: Arithmetic[T], slopes: Slopes[T], y: Planes[T], chunk: Chunk) -> Planes[T]:
        return {"tangent": arithmetic.multiply(slopes.over(slopes(1), chunk.size), y["tangent"], Role.A_ROW)}

    def activate_backward(
        self,
        arithmetic: Arithmetic[T],
        slopes: Slopes[T],
        y: Planes[T],
        after: Planes[T],
        chunk: Chunk,
        bend: T | None,
    ) -> tuple[Planes[T], list[T]]:
        a, g = y["tangent"], after["tangent"]
        slope = slopes.over(slopes(1), chunk.size)
        sums = [sum_directions(slopes, [(g, a)], chunk.size)]
        if bend is None:
            return {"tangent": arithmetic.multiply(slope, g, Role.GRADIENT)}, sums
        rows = chunk.size - chunk.in_space
        zero = slopes.constant(0.0)
        weight = arithmetic.stack([bend] * chunk.in_space + [zero] * rows)
        return {"tangent": arithmetic.dot2(slope, g, weight, a, Role.GRADIENT)}, sums

    def base_terms(self, slopes: Slopes[T], sums: Sequence[T]) -> Pairs[T]:
        return [(slopes(2), sums[0])]

    def weights(self, chunk: Chunk, outputs: Sequence[str]) -> dict[str, Floats]:
        one = np.ones(chunk.size)
        return {"tangent": output_weights(chunk, outputs, one, np.zeros(chunk.size))}

    def squares(self, slopes: Slopes[T], y: Planes[T], chunk: Chunk) -> T | None:
        if chunk.in_space == 0:
            return None
        return sum_directions(slopes, [(y["tangent"], y["tangent"])], chunk.size, chunk.in_space)
