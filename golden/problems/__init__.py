"""Problems, by the name that experiments use; `Pde` with `Box`, `Ball` and `Condition` writes an own one."""

from pinta_hw.spec import experiment
from pinta_hw.spec.errors import UserError

from .derived import DerivedProblem
from .domain import Ball, Box, Points
from .heat100d import heat100d
from .hjb20d import hjb20d, hjb20d_cole_hopf
from .pde import Condition, Pde
from .poisson2d import poisson2d
from .problem import BOUNDARY_SCALE, RESIDUAL_SCALE, LossTerm, Problem
from .user import load_pde

__all__ = [
    "BOUNDARY_SCALE",
    "RESIDUAL_SCALE",
    "Ball",
    "Box",
    "Condition",
    "DerivedProblem",
    "LossTerm",
    "Pde",
    "Points",
    "Problem",
    "make_problem",
]


def make_problem(settings: experiment.Problem) -> Problem:
    """The problem that an experiment names.

    Raises
    ------
    UserError
        If it is the user's own and its file or its equation is not possible.
    """
    if isinstance(settings, experiment.Poisson2d):
        return DerivedProblem(poisson2d(settings.name), {"boundary": settings.boundary_weight})
    if isinstance(settings, experiment.Heat100d):
        weights = {"initial": settings.initial_weight, "boundary": settings.boundary_weight}
        return DerivedProblem(heat100d(settings.name), weights)
    if isinstance(settings, experiment.Hjb20d):
        return DerivedProblem(hjb20d() if settings.name == "hjb20d" else hjb20d_cole_hopf())
    pde = load_pde(settings.file)
    try:
        return DerivedProblem(pde, settings.weights)
    except UserError as error:
        raise UserError(f"{settings.file}: {error}") from error
