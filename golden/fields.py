"""Solution and error of a trained network on a plane grid: for more than two coordinates, a slice."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.errors import UserError

from .problems import Points
from .train import Trainer


@dataclass(frozen=True)
class Field:
    """Values on a grid.

    Parameters
    ----------
    axes : pair of str
        Names of the two coordinates; one coordinate alone has an empty second name and shape (1, N).
    extent : (float, float, float, float)
        First coordinate from and to, second from and to.
    fixed : float or None
        Value of all other coordinates of space; None where there are none.
    first : float64 array, shape (first,)
        The first coordinate's values.
    predicted, exact : float64 arrays, shape (second, first)
        ``exact`` is None where the solution is not known.
    """

    axes: tuple[str, str]
    extent: tuple[float, float, float, float]
    fixed: float | None
    first: npt.NDArray[np.float64]
    predicted: npt.NDArray[np.float64]
    exact: npt.NDArray[np.float64] | None


def field(trainer: Trainer, size: int = 101) -> Field:
    """The first two coordinates of space, or the first one and time, over the ranges of the test points.

    The other coordinates have the middle of their range.

    Parameters
    ----------
    size : int
        Points along each axis, 2 or more.

    Raises
    ------
    UserError
        If there are fewer.
    """
    if size < 2:
        raise UserError(f"size: {size} is not possible; allowed: 2 points or more along an axis")
    problem = trainer.problem
    sampled = problem.test_points(1000)
    low, high = sampled.min(axis=0), sampled.max(axis=0)
    timed = problem.dimensions > problem.space
    shown = [0, problem.dimensions - 1 if timed else min(1, problem.space - 1)]
    middle = np.round((low + high) / 2, 1)
    sides = [np.linspace(round(low[axis], 1), round(high[axis], 1), size) for axis in shown]
    if shown[0] == shown[1]:
        sides[1] = sides[1][:1]
    first, second = np.meshgrid(*sides)
    points: Points = np.tile(middle, (first.size, 1))
    points[:, shown[1]] = second.ravel()
    points[:, shown[0]] = first.ravel()
    exact = problem.exact(points)
    names = [f"x{v + 1}" for v in range(problem.space)] + ["t"]
    return Field(
        axes=(names[shown[0]], "" if shown[0] == shown[1] else names[-1] if timed else names[shown[1]]),
        extent=(sides[0][0], sides[0][-1], sides[1][0], sides[1][-1]),
        fixed=float(middle[1]) if problem.dimensions > 2 else None,
        first=sides[0],
        predicted=np.asarray(trainer.predict(points), np.float64).reshape(first.shape),
        exact=None if exact is None else exact.reshape(first.shape),
    )
