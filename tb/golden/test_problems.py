"""Problems against their exact solutions, their programs against SymPy's own numbers, and what a user is told."""

import dataclasses
import typing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy

from golden.problems import Ball, Condition, DerivedProblem, Pde, make_problem
from golden.real import run_program
from pinta_hw.spec import experiment as spec
from pinta_hw.spec.errors import UserError

SECTIONS = (spec.Poisson2d, spec.Heat100d, spec.Hjb20d)
NAMES = [(kind, name) for kind in SECTIONS for name in typing.get_args(kind.model_fields["name"].annotation)]
HARD = ("poisson2d-sine", "poisson2d-multifrequency", "heat100d-wave", "hjb20d-cole-hopf")


def problem_of(kind: Any, name: str) -> DerivedProblem:
    problem = make_problem(kind(name=name))
    assert isinstance(problem, DerivedProblem)
    return problem


def derivatives(function: Any, points: np.ndarray, space: int) -> dict[str, np.ndarray]:
    """Planes of a function of points, by central differences of fourth order."""
    h = 2e-3
    planes = {"base": function(points), "laplacian": 0.0}
    for v in range(points.shape[1]):
        e = h * np.eye(points.shape[1])[v]
        two, one, minus_one, minus_two = (function(points + k * e) for k in (2, 1, -1, -2))
        slope = (8 * (one - minus_one) - (two - minus_two)) / (12 * h)
        planes[f"direction{v}" if v < space else "time"] = slope
        if v < space:
            planes["laplacian"] += (16 * (one + minus_one) - (two + minus_two) - 30 * planes["base"]) / (12 * h * h)
    return planes


@pytest.mark.parametrize(("kind", "name"), NAMES, ids=lambda value: value if isinstance(value, str) else "")
def test_the_exact_solution_has_no_residual(kind: Any, name: str) -> None:
    problem = problem_of(kind, name)
    rng = np.random.default_rng(1)
    interior, boundary = problem.sample(rng, 6, 5)
    interior[:, -1] *= 0.9  # the network of a hard condition is 0 / 0 at the end
    solution = problem.exact
    offset = problem.solution(np.zeros((6, 1)), interior)
    factor = problem.solution(np.ones((6, 1)), interior) - offset

    def network(points: np.ndarray) -> np.ndarray:
        zero, one = (problem.solution(np.full((len(points), 1), value), points) for value in (0.0, 1.0))
        return (solution(points) - zero) / (one - zero)

    assert np.allclose(offset + factor * network(interior), solution(interior))
    inside, outside = problem.constants(interior, boundary)
    planes = derivatives(network, interior, problem.space)
    scales = {"residual_scale": np.asarray(1.0), "boundary_scale": np.ones((len(boundary), 1))}
    planes["boundary"] = solution(boundary)
    registers = run_program(problem.program, inside | outside | scales | planes)
    scale = np.abs(planes["laplacian"]).max() + 1
    for term in problem.loss:
        assert np.abs(registers[term.residual]).max() < 1e-7 * scale, term
    for predictor, values in problem.trivial(interior).items():
        assert values.shape == (6, 1), predictor


@pytest.mark.parametrize(("kind", "name"), NAMES, ids=lambda value: value if isinstance(value, str) else "")
def test_gradients_of_the_program(kind: Any, name: str) -> None:
    problem = problem_of(kind, name)
    rng = np.random.default_rng(2)
    points = problem.sample(rng, 4, 3)
    inside, outside = problem.constants(*points)
    constants = inside | outside
    constants |= {"residual_scale": np.asarray(0.3), "boundary_scale": rng.random((len(points[1]), 1))}
    planes = {plane: rng.standard_normal((len(points[plane == "boundary"]), 1)) for plane in problem.gradients}

    def loss(at: dict[str, np.ndarray]) -> float:
        registers = run_program(problem.program, constants | at)
        residual, *conditions = problem.loss
        total = 0.3 / 2 * (registers[residual.residual] ** 2).sum()
        if conditions:
            total += (constants["boundary_scale"] / 2 * registers[conditions[0].residual] ** 2).sum()
        return float(total)

    made = run_program(problem.program, constants | planes)
    assert {plane.rstrip("0123456789") for plane in planes} == problem.outputs
    for plane, value in planes.items():
        direction = rng.standard_normal(value.shape)
        h = 1e-6
        numeric = (loss(planes | {plane: value + h * direction}) - loss(planes | {plane: value - h * direction})) / (
            2 * h
        )
        assert np.isclose((made[problem.gradients[plane]] * direction).sum(), numeric, rtol=1e-6, atol=1e-7), plane


def test_points_lie_where_they_should() -> None:
    rng = np.random.default_rng(9)
    inside, edge = problem_of(spec.Poisson2d, "poisson2d").sample(rng, 50, 40)
    assert ((inside > 0) & (inside < 1)).all() and ((edge == 0) | (edge == 1)).any(axis=1).all()
    heat = problem_of(spec.Heat100d, "heat100d")
    inside, edge = heat.sample(rng, 50, 40)
    radius = np.linalg.norm(edge[:, :100], axis=1)
    assert inside.shape == (50, 101) and edge.shape == (80, 101)
    assert (np.linalg.norm(inside[:, :100], axis=1) < 1).all() and (edge[:40, 100] == 0).all()
    assert (radius[:40] < 1).all() and np.allclose(radius[40:], 1) and np.ptp(edge[40:, 100]) > 0.5


def relative(problem: DerivedProblem, values: np.ndarray, exact: np.ndarray) -> float:
    return float(np.linalg.norm(values - exact) / np.linalg.norm(exact))


def test_trivial_predictors() -> None:
    for kind, name, predictor, error in (
        (spec.Hjb20d, "hjb20d", "N = 0", 5.5e-2),
        (spec.Heat100d, "heat100d", "t", 8.4e-3),
        (spec.Heat100d, "heat100d", "t + 1/200", 2.4e-4),
    ):
        problem = problem_of(kind, name)
        points = problem.test_points(10_000)
        found = relative(problem, problem.trivial(points)[predictor], problem.exact(points))
        print(name, predictor, found)
        assert np.isclose(found, error, rtol=0.02)
    for kind, name in NAMES:
        if name not in HARD:
            continue
        problem = problem_of(kind, name)
        points = problem.test_points(10_000)
        exact = problem.exact(points)
        plane = np.hstack([points, np.ones((len(points), 1))])
        predictors = problem.trivial(points) | {"linear fit": plane @ np.linalg.lstsq(plane, exact)[0]}
        errors = {predictor: relative(problem, values, exact) for predictor, values in predictors.items()}
        print(name, errors)
        assert min(errors.values()) > 0.4


def heat_rod(**changes: Any) -> Pde:
    """A small equation with everything in it: time, a gradient, division, roots."""
    pde = Pde(
        space=1,
        time=True,
        residual=lambda x, t, u, u_t, grad_u, lap_u: u_t - lap_u + u * grad_u[0] ** 3 / (1 + u**2) - sympy.exp(x[0]),
        conditions=[Condition("start", "initial", lambda x, t: sympy.sin(x[0]), 2.0)],
    )
    return dataclasses.replace(pde, **changes)


def test_a_program_agrees_with_sympy() -> None:
    def residual(x: Any, t: Any, u: Any, u_t: Any, grad_u: Any, lap_u: Any) -> Any:
        return (
            u_t / u
            - sympy.sqrt(u) * lap_u**5
            + grad_u[0] ** -2
            - 3 * t / (u * lap_u)
            + u ** sympy.Rational(3, 2)
            - x[0]
        )

    problem = DerivedProblem(heat_rod(residual=residual, conditions=()))
    rng = np.random.default_rng(3)
    points = rng.random((5, 2))
    values = {plane: 0.5 + rng.random((5, 1)) for plane in problem.gradients}
    inside, outside = problem.constants(points, np.empty((0, 2)))
    made = run_program(problem.program, inside | outside | values | {"residual_scale": np.asarray(1.0)})
    symbols = dict(zip(("base", "time", "direction0", "laplacian"), sympy.symbols("u u_t g l"), strict=True))
    x, t = sympy.symbols("x t")
    u, u_t, g, lap = symbols.values()
    expression = residual((x,), t, u, u_t, (g,), lap)
    order = (x, t, *symbols.values())
    at = (*points.T[:, :, None], *(values[plane] for plane in symbols))
    expected = sympy.lambdify(order, expression)(*at)
    assert np.allclose(made[problem.loss[0].residual], expected, rtol=1e-12)
    for plane, symbol in symbols.items():
        slope = sympy.lambdify(order, sympy.diff(expression, symbol))(*at)
        assert np.allclose(made[problem.gradients[plane]], expected * slope, rtol=1e-11), plane


def test_a_derivation_is_the_same_every_time() -> None:
    first, second = (problem_of(spec.Hjb20d, "hjb20d-cole-hopf") for _ in range(2))
    assert first.program == second.program and first.gradients == second.gradients


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"residual": lambda x, t, u, u_t, g, lap: lap + sympy.sin(u)}, "residual: sin is no supported operator"),
        ({"residual": lambda x, t, u, u_t, g, lap: lap + u**0.3}, "residual: u**0.3 is no supported operator"),
        (
            {"residual": lambda x, t, u, u_t, g, lap: (lap, u)},
            "residual: returns tuple of length 2; allowed: one scalar",
        ),
        ({"residual": lambda x, t, u, u_t, g, lap: g}, "residual: returns tuple of length 1; allowed: one scalar"),
        ({"residual": lambda x, t, u, u_t, g, lap: "lap"}, "residual: returns str"),
        ({"residual": lambda x, t, u, u_t, g, lap: np.sin(lap)}, "residual: raises TypeError"),
        ({"residual": lambda x, t, u, u_t, g, lap: lap + g[1]}, "residual: raises IndexError"),
        ({"residual": lambda x, t: x[0]}, "residual: raises TypeError"),
        ({"residual": lambda x, t, u, u_t, g, lap: x[0]}, "does not depend on the unknown"),
        ({"residual": lambda x, t, u, u_t, g, lap: lap + sympy.Symbol("w")}, "residual: uses w; allowed: x, u"),
        (
            {"time": False, "conditions": ()},
            "residual: uses u_t; allowed: x, u, grad_u, lap_u (the problem has no time)",
        ),
        ({"ansatz": lambda x, t: x[0]}, "ansatz: returns Symbol; allowed: a pair"),
        ({"exact": lambda x, t: sympy.Symbol("y")}, "exact: uses y; allowed: x, t"),
        ({"space": 0}, "space: 0 is not possible"),
        ({"conditions": [Condition("a", "top", lambda x, t: 0)]}, "place 'top' does not exist here; allowed: boundary"),
        ({"conditions": 2 * [Condition("a", "initial", lambda x, t: 0)]}, "condition 'a': the name is taken"),
    ],
)
def test_a_mistake_in_an_equation_is_told(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError) as caught:
        DerivedProblem(heat_rod(**changes))
    text = str(caught.value)
    assert "\n" not in text and "allowed: " in text
    assert told in text


def test_weights_by_name() -> None:
    problem = DerivedProblem(heat_rod(), {"start": 7.0})
    assert [(term.name, term.weight) for term in problem.loss] == [("residual", 1.0), ("start", 7.0)]
    with pytest.raises(UserError, match="problem.weights: 'end' does not exist; allowed: residual, start"):
        DerivedProblem(heat_rod(), {"end": 7.0})


OWN = """
from sympy import pi, sin
from golden.problems import Ball, Condition, Pde

def residual(x, t, u, u_t, grad_u, lap_u):
    return lap_u + u**2 - sin(pi * x[0])

problem = Pde(space=3, residual=residual, domain=Ball(2.0), conditions=[Condition("edge", "boundary", lambda x, t: 0)])
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "cannot be read"),
        ("import sympy\n1 / 0\n", "raises ZeroDivisionError"),
        ("def f(:\n", "raises SyntaxError"),
        ("problem = 3\n", "defines problem = 3; allowed: golden.problems.Pde"),
    ],
)
def test_a_file_of_an_own_equation(tmp_path: Path, text: str | None, told: str) -> None:
    path = tmp_path / "own.py"
    path.write_text(OWN)
    problem = make_problem(spec.UserProblem(name="user", file=str(path), weights={"edge": 3.0}))
    inside, edge = problem.sample(np.random.default_rng(0), 4, 5)
    assert inside.shape == (4, 3) and np.allclose(np.linalg.norm(edge, axis=1), 2)
    assert problem.exact(inside) is None and problem.outputs == {"base", "laplacian", "boundary"}
    assert isinstance(Ball(), Ball)
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    with pytest.raises(UserError, match="problem.file: .*own.py") as caught:
        make_problem(spec.UserProblem(name="user", file=str(path)))
    assert told in str(caught.value)
