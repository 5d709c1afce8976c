"""Problems, by the name that experiments use."""

from pinta_hw.spec import experiment

from .poisson2d import Poisson2d
from .problem import LossTerm, Points, Problem

__all__ = ["LossTerm", "Points", "Poisson2d", "Problem", "make_problem"]


def make_problem(settings: experiment.Problem) -> Problem:
    """The problem that an experiment names."""
    return {"poisson2d": Poisson2d, "poisson2d-sine": Poisson2d}[settings.name](settings)
