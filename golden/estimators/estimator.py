"""What an estimator of derivatives provides: the rows it carries and its rules at an activation.

Linear layers treat all rows alike; `golden.differentiation` takes a chunk of directions through the network by
these rules and never asks which estimator it has.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ..arithmetic import Arithmetic, Role
from ..layers import Planes
from ..slopes import Slopes
from .chunk import Chunk
from .directions import Directions, Floats

T = TypeVar("T")

Pairs = list[tuple[T, T]]


class Estimator(ABC):
    """An estimator.

    Parameters
    ----------
    directions : Directions
        What to draw at each step.
    chunk : int
        Directions carried at once.
    """

    rows_a_direction: int
    """Evaluations that a direction costs."""
    laplacian_row = False
    """Whether the Laplacian is a row of its own, after the directions; see `golden.estimators.laplacian_row`."""
    needs_value = False
    """Whether `differences` takes the base rows' outputs."""

    def __init__(self, directions: Directions, chunk: int) -> None:
        self.directions = directions
        self.chunk = chunk

    def evaluations(self, outputs: frozenset[str]) -> int:
        """Rows that one interior point takes through all layers for some outputs (`golden.network.Network`)."""
        directions = self.directions.count if outputs & {"direction", "laplacian"} else 0
        row = self.laplacian_row and "laplacian" in outputs
        return 1 + self.rows_a_direction * (directions + ("time" in outputs)) + row

    @abstractmethod
    def rows(self, arithmetic: Arithmetic[T], points: npt.NDArray[np.float64], chunk: Chunk) -> Planes[T]:
        """Inputs of a chunk at points of shape (N, coordinates)."""

    @abstractmethod
    def activate(self, arithmetic: Arithmetic[T], slopes: Slopes[T], y: Planes[T], chunk: Chunk) -> Planes[T]:
        """Rows after an activation."""

    @abstractmethod
    def activate_backward(
        self,
        arithmetic: Arithmetic[T],
        slopes: Slopes[T],
        y: Planes[T],
        after: Planes[T],
        chunk: Chunk,
        bend: T | None,
    ) -> tuple[Planes[T], list[T]]:
        """Gradients before an activation from those after it, and sums over the directions for `base_terms`.

        ``bend`` is what `laplacian_row` adds, if there is one.
        """

    @abstractmethod
    def base_terms(self, slopes: Slopes[T], sums: Sequence[T]) -> Pairs[T]:
        """Products whose sum is the directions' part of the base rows' gradient before an activation."""

    @abstractmethod
    def weights(self, chunk: Chunk, outputs: Sequence[str]) -> dict[str, Floats]:
        """Weight of each row in each output: for each plane of `differences`, shape (P, C, outputs)."""

    def differences(self, arithmetic: Arithmetic[T], base: T | None, y: Planes[T], chunk: Chunk) -> Planes[T]:
        """What is weighted of the network's outputs: each plane the directions of a chunk, stacked."""
        return y

    def differences_backward(
        self, arithmetic: Arithmetic[T], g: Planes[T], chunk: Chunk, points: int
    ) -> tuple[Planes[T], T | None]:
        """Gradients of the network's outputs: of the rows and of the base."""
        return g, None

    def squares(self, slopes: Slopes[T], y: Planes[T], chunk: Chunk) -> T | None:
        """What the Laplacian's row needs of a chunk before an activation."""
        return None


def sum_directions(slopes: Slopes[T], pairs: Pairs[T], directions: int, some: int | None = None) -> T:
    """The sum of ``a b`` over the directions in order, all of them or the first ``some``, and then over the pairs.

    Parameters
    ----------
    slopes : Slopes
        Of the layer.
    pairs : list
        Stacked planes of all the ``directions``.
    """
    arithmetic, rows = slopes.arithmetic, [slopes.rows] * directions
    taken = directions if some is None else some

    def leading(stacked: T) -> T:
        return stacked if taken == directions else arithmetic.stack(arithmetic.split(stacked, rows)[:taken])

    total, *others = (arithmetic.sum_parts(leading(a), leading(b), rows[:taken], Role.ELEMENTWISE) for a, b in pairs)
    for other in others:
        total = arithmetic.add(total, other, Role.ELEMENTWISE)
    return total


def perturbations(chunk: Chunk, sigma: float, points: int) -> list[Floats]:
    """For each direction, what is added to the inputs: arrays of shape (points, coordinates)."""
    steps = sigma * chunk.reach[:, None] * chunk.vectors
    return [np.broadcast_to(steps[:, k], (points, steps.shape[2])) for k in range(chunk.size)]


def output_weights(chunk: Chunk, outputs: Sequence[str], first: Floats, second: Floats) -> Floats:
    """Weights of one plane, shape (P, C, outputs).

    Parameters
    ----------
    first, second : float64 arrays, shape (C,)
        Factors of the plane in first derivatives and in the Laplacian.
    """
    columns = [second * chunk.curvature if name == "laplacian" else first * chunk.first[name] for name in outputs]
    return np.stack(columns, axis=2)
