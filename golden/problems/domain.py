"""Domains: where points come from. Coordinates of space come first; time, where there is one, is last and in [0, 1]."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
Place = Literal["boundary", "initial", "final"]
"""The surface of the space, or all of the space at time 0 or 1."""


class Domain(Protocol):
    """A region of space."""

    def inside(self, rng: np.random.Generator, count: int, space: int, time: bool) -> Points:
        """Uniform points, shape (count, D)."""

    def surface(self, rng: np.random.Generator, count: int, space: int, time: bool) -> Points:
        """Uniform points of the surface of the space, shape (count, D)."""


@dataclass(frozen=True)
class Box:
    """The cube ``[low, high]`` in every coordinate of space."""

    low: float = 0.0
    high: float = 1.0

    def inside(self, rng: np.random.Generator, count: int, space: int, time: bool) -> Points:
        points = rng.random((count, space + time))
        points[:, :space] = self.low + (self.high - self.low) * points[:, :space]
        return points

    def surface(self, rng: np.random.Generator, count: int, space: int, time: bool) -> Points:
        points = self.inside(rng, count, space, time)
        # Each point lies on one of the sides.
        side = rng.integers(0, 2 * space, count)
        points[np.arange(count), side // 2] = np.where(side % 2, self.high, self.low)
        return points


@dataclass(frozen=True)
class Ball:
    """The ball of the given radius around the origin."""

    radius: float = 1.0

    def inside(self, rng: np.random.Generator, count: int, space: int, time: bool) -> Points:
        points = self.surface(rng, count, space, time)
        points[:, :space] *= rng.random((count, 1)) ** (1 / space)
        return points

    def surface(self, rng: np.random.Generator, count: int, space: int, time: bool) -> Points:
        points = rng.standard_normal((count, space))
        points *= self.radius / np.linalg.norm(points, axis=1, keepdims=True)
        return np.hstack([points, rng.random((count, 1))]) if time else points


def sample(domain: Domain, place: Place | None, rng: np.random.Generator, count: int, space: int, time: bool) -> Points:
    """Points at a place of the domain, or inside it where ``place`` is None."""
    if place == "boundary":
        return domain.surface(rng, count, space, time)
    points = domain.inside(rng, count, space, time)
    if place is not None:
        points[:, -1] = 1.0 if place == "final" else 0.0
    return points
