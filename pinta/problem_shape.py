"""A golden problem's sizes, as the closed form takes them."""

from functools import cache

from golden.point_constants import point_constants
from golden.problems import make_problem
from pinta_hw.spec.experiment import Problem
from sim.closed_form.problem import ProblemShape


@cache
def problem_shape(settings: Problem) -> ProblemShape:
    """What the golden problem asks of a step."""
    problem = make_problem(settings)
    return ProblemShape(
        problem.dimensions,
        problem.space,
        problem.outputs,
        problem.program,
        frozenset(problem.gradients),
        len(problem.loss) - 1,
        *point_constants(problem),
    )
