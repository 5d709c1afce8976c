"""The directions that are carried together, and what they contribute to the outputs."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .directions import Floats, Frame


@dataclass(frozen=True)
class Chunk:
    """Some directions of some points; where time is among them it is the last.

    Parameters
    ----------
    vectors : float64 array, shape (P, C, coordinates)
        P is the number of points, or 1 where all share the directions.
    reach : float64 array, shape (C,)
        Length of a perturbation along a direction, in sigma: ``sqrt(K)`` in space, so that each coordinate is
        perturbed by sigma as the paper's Gaussian directions do, and 1 in time.
    first : dict of float64 arrays, shapes (P, C)
        Weight of each direction's first derivative in each output of first order.
    curvature : float64 array, shape (P, C)
        Weight of its second derivative in the Laplacian; zero in time.
    """

    vectors: Floats
    reach: Floats
    first: dict[str, Floats]
    curvature: Floats
    in_space: int
    """Directions of space among them."""

    @property
    def size(self) -> int:
        return self.vectors.shape[1]


def chunks(frame: Frame, coordinates: int, outputs: frozenset[str], size: int) -> Iterator[Chunk]:
    """All directions that the outputs need, ``size`` at a time: those of the frame in order, then time."""
    points, count, space = frame.vectors.shape
    if not outputs & {"direction", "laplacian"}:
        count = 0
    total = count + ("time" in outputs)
    vectors = np.zeros((points, total, coordinates))
    vectors[:, :count, :space] = frame.vectors[:, :count]
    vectors[:, count:, -1] = 1
    in_space = np.arange(total) < count
    curvature = np.zeros((points, total))
    curvature[:, :count] = frame.curvature[:, :count]
    first: dict[str, Floats] = {}
    if "direction" in outputs:
        first |= {f"direction{v}": vectors[:, :, v] * in_space for v in range(space)}
    if "time" in outputs:
        first["time"] = np.tile(~in_space, (points, 1)).astype(np.float64)
    reach = np.where(in_space, np.sqrt(max(count, 1)), 1.0)
    for start in range(0, total, size):
        some = slice(start, start + size)
        yield Chunk(
            vectors[:, some],
            reach[some],
            {name: weights[:, some] for name, weights in first.items()},
            curvature[:, some],
            int(in_space[some].sum()),
        )
