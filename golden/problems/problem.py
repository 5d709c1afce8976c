"""What a problem provides: points, constants for them, the residual, the exact solution."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.real import RealProgram

Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LossTerm:
    """One mean of squares in the loss.

    ``weight * mean(residual**2)`` over the points of a plane; the constant ``scale`` of the program is
    ``2 * weight / points``, so that ``residual * scale`` is the loss's derivative with respect to the residual.
    """

    plane: str
    residual: str
    scale: str
    weight: float


class Problem(Protocol):
    """A partial differential equation with its conditions."""

    dimensions: int
    """Coordinates: those of space first, then time where there is one."""
    space: int
    """Coordinates of space."""
    outputs: frozenset[str]
    """What the residual takes from the network: of ``base``, ``direction`` (the gradient, ``direction<v>`` along
    coordinate v), ``time`` (the derivative by time), ``laplacian`` (over space), ``boundary``."""
    program: RealProgram
    """From output planes, constants and scales to residuals and to ``gradient_<plane>``."""
    loss: tuple[LossTerm, ...]

    def sample(self, rng: np.random.Generator, interior: int, boundary: int) -> tuple[Points, Points]:
        """Random interior and boundary points, shapes (interior, D) and (boundary, D)."""

    def constants(self, interior: Points, boundary: Points) -> Mapping[str, Points]:
        """Constants of the program at the points, shapes (N, 1), in float64."""

    def test_points(self, count: int) -> Points:
        """Points of the error, always the same, shape (count, D)."""

    def exact(self, points: Points) -> Points:
        """The solution, shape (N, 1)."""

    def trivial(self, points: Points) -> Points:
        """What a trivial predictor gives, shape (N, 1): its error stands beside every result."""
