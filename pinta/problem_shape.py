"""A golden problem's sizes, as the closed form takes them."""

from golden.point_constants import point_constants
from golden.problems import Problem as GoldenProblem
from golden.problems import make_problem
from pinta_hw.spec.experiment import Problem
from sim.closed_form.problem import ProblemShape


def problem_shape(settings: Problem) -> ProblemShape:
    """What the golden problem asks of a step."""
    said = settings.model_dump_json()
    if said not in _KNOWN:
        _KNOWN[said] = _shape_of(make_problem(settings))
    return _KNOWN[said]


_KNOWN: dict[str, ProblemShape] = {}


def _shape_of(problem: GoldenProblem) -> ProblemShape:
    return ProblemShape(
        problem.dimensions,
        problem.space,
        problem.outputs,
        problem.program,
        frozenset(problem.gradients),
        len(problem.loss) - 1,
        *point_constants(problem),
    )
