"""What a problem provides: points, constants for them, the residual, the exact solution."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from pinta_hw.spec.real import RealProgram

from ..real import Reals
from .domain import Points

RESIDUAL_SCALE, BOUNDARY_SCALE = "residual_scale", "boundary_scale"
"""Constants of a program: ``2 * weight / points`` of the residual and, point by point, of the conditions."""


@dataclass(frozen=True)
class LossTerm:
    """One mean of squares in the loss.

    ``weight * mean(residual**2)`` over the interior points, or over those of one condition. The program multiplies
    ``residual`` by the scale ``2 * weight / points``: the loss's derivative with respect to the residual.
    """

    name: str
    points: Literal["interior", "boundary"]
    residual: str
    """The program's register."""
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
    """From output planes, constants and scales to residuals and gradients."""
    gradients: dict[str, str]
    """Register of the loss's gradient for each output plane."""
    loss: tuple[LossTerm, ...]
    """The residual, then the conditions."""

    def sample(self, rng: np.random.Generator, interior: int, boundary: int) -> tuple[Points, Points]:
        """Random interior points, shape (interior, D), and ``boundary`` points of each condition in turn."""

    def constants(self, interior: Points, boundary: Points) -> tuple[dict[str, Points], dict[str, Points]]:
        """Constants of the program at the interior and the boundary points that `sample` gave, in float64.

        An array of shape (N, 1) for each, or a scalar of shape () where it is the same everywhere.
        """

    def solution(self, network: Reals, points: Points) -> Reals:
        """The solution's values, shape (N, 1), from those of the network."""

    def test_points(self, count: int) -> Points:
        """Points of the error, always the same, shape (count, D)."""

    def exact(self, points: Points) -> Points | None:
        """The solution, shape (N, 1); None where it is not known."""

    def trivial(self, points: Points) -> dict[str, Reals]:
        """What trivial predictors give, by name, shapes (N, 1): the error of the best stands beside every result."""
