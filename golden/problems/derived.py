"""A problem derived from a `Pde`: its FP32 program with the derivatives, its constants, points and solution."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from pinta_hw.spec.errors import UserError
from pinta_hw.spec.real import RealProgram

from ..real import Reals
from .domain import Points, sample
from .pde import OPERATORS, Expression, Pde
from .problem import BOUNDARY_SCALE, RESIDUAL_SCALE, LossTerm
from .program import ProgramWriter

_TEST_SEED = 2026
_BOUNDARY = sympy.symbols("boundary boundary_value")
_Function = Callable[[Points], Points]


class DerivedProblem:
    """What training needs, from the equation alone.

    Parameters
    ----------
    pde : Pde
        The equation.
    weights : mapping of str to float
        Replace weights of the equation by name: ``residual``, and those of the conditions.

    Raises
    ------
    UserError
        If a function fails, returns no scalar expression, or uses what is not allowed.
    """

    def __init__(self, pde: Pde, weights: Mapping[str, float] | None = None) -> None:
        self._pde = pde
        _check(pde)
        self.space = pde.space
        self.dimensions = pde.space + pde.time
        self._coordinates = sympy.symbols([f"x{i}" for i in range(pde.space)] + ["t"] * pde.time, real=True)
        self._x = tuple(self._coordinates[: pde.space])
        self._t = self._coordinates[-1] if pde.time else sympy.Symbol("t", real=True)
        self._ansatz = self._hard() if pde.ansatz else (sympy.Integer(0), sympy.Integer(1))
        self._weights = {"residual": pde.residual_weight} | {c.name: c.weight for c in pde.conditions}
        for name, weight in (weights or {}).items():
            if name not in self._weights:
                raise UserError(f"problem.weights: {name!r} does not exist; allowed: {', '.join(self._weights)}")
            self._weights[name] = weight

        planes, values = _outputs(self._x, self._t, self._ansatz)
        interior = ProgramWriter("interior", planes)
        residual = self._residual(values)
        register = interior.write(residual)
        scaled = interior.multiply(register, RESIDUAL_SCALE)
        self.gradients: dict[str, str] = {}
        for symbol, plane in planes.items():
            slope = sympy.diff(residual, symbol)
            if slope == 1:
                self.gradients[plane] = scaled
            elif slope != 0:
                self.gradients[plane] = interior.multiply(scaled, interior.write(slope))
        if not self.gradients:
            raise UserError(f"residual: {residual} does not depend on the unknown; allowed: {OPERATORS}")
        self._interior = self._numeric(interior.constants)
        boundary = ProgramWriter("boundary", {n: n.name for n in _BOUNDARY})
        mismatch = self._mismatch(boundary) if pde.conditions else ""
        self._boundary = self._numeric(boundary.constants)
        self.program: RealProgram = (*interior.steps, *boundary.steps)
        self.outputs = frozenset(plane.rstrip("0123456789") for plane in self.gradients)
        self.loss = (
            LossTerm("residual", "interior", register, self._weights["residual"]),
            *(LossTerm(c.name, "boundary", mismatch, self._weights[c.name]) for c in pde.conditions),
        )
        self._values = [self._function("value", condition.value) for condition in pde.conditions]
        self._exact = self._function("exact", pde.exact) if pde.exact else None
        self._trivial = {name: self._function("trivial", predictor) for name, predictor in pde.trivial.items()}

    def sample(self, rng: np.random.Generator, interior: int, boundary: int) -> tuple[Points, Points]:
        domain, space, time = self._pde.domain, self._pde.space, self._pde.time
        inside = sample(domain, None, rng, interior, space, time)
        places = [sample(domain, c.place, rng, boundary, space, time) for c in self._pde.conditions]
        return inside, np.concatenate(places) if places else np.empty((0, self.dimensions))

    def constants(self, interior: Points, boundary: Points) -> tuple[dict[str, Points], dict[str, Points]]:
        inside = {name: function(interior) for name, function in self._interior.items()}
        outside = {name: function(boundary) for name, function in self._boundary.items()}
        if self._values:
            parts = np.split(boundary, len(self._values))
            outside["boundary_value"] = np.concatenate([f(part) for f, part in zip(self._values, parts, strict=True)])
        return inside, outside

    def solution(self, network: Reals, points: Points) -> Reals:
        """The solution's values, shape (N, 1), from those of the network."""
        if self._pde.ansatz is None:
            return network
        offset, factor = (self._evaluate(part)(points) for part in self._ansatz)
        return offset + factor * network

    def test_points(self, count: int) -> Points:
        return sample(self._pde.domain, None, np.random.default_rng(_TEST_SEED), count, self._pde.space, self._pde.time)

    def exact(self, points: Points) -> Points | None:
        return self._exact(points) if self._exact else None

    def trivial(self, points: Points) -> dict[str, Reals]:
        values: dict[str, Reals] = {name: function(points) for name, function in self._trivial.items()}
        exact = self.exact(points)
        if exact is not None:
            values["mean"] = np.full_like(exact, exact.mean())
        if self._pde.ansatz:
            values["N = 0"] = self.solution(np.zeros((len(points), 1)), points)
        return values

    def _residual(self, values: dict[sympy.Symbol, sympy.Expr]) -> sympy.Expr:
        """The residual as a function of the network's outputs."""
        u, u_t, lap_u = sympy.symbols("u u_t lap_u")
        grad_u = sympy.symbols([f"grad_u_{i}" for i in range(self.space)])
        expression = self._call("residual", self._pde.residual, self._x, self._t, u, u_t, tuple(grad_u), lap_u)
        allowed = {u, lap_u, *grad_u, *self._coordinates} | ({u_t} if self._pde.time else set())
        self._only("residual", expression, allowed)
        # Unsupported operators are told in the terms of the equation, not in those of the network's outputs.
        ProgramWriter("", {symbol: symbol.name for symbol in (u, u_t, *grad_u, lap_u)}).write(expression)
        return expression.xreplace(values)

    def _hard(self) -> tuple[sympy.Expr, sympy.Expr]:
        assert self._pde.ansatz is not None
        parts = _called("ansatz", self._pde.ansatz, self._x, self._t)
        if not isinstance(parts, Sequence) or len(parts) != 2:
            raise UserError(
                f"ansatz: returns {_shown(parts)}; allowed: a pair (A, B) of scalar expressions, u = A + B N"
            )
        offset, factor = (self._scalar("ansatz", part) for part in parts)
        self._only("ansatz", offset + factor, set(self._coordinates))
        return offset, factor

    def _mismatch(self, writer: ProgramWriter) -> str:
        """Register of ``u - boundary_value``; the steps of its gradient follow."""
        network, value = _BOUNDARY
        offset, factor = self._ansatz
        mismatch = writer.write(offset + factor * network - value)
        scaled = writer.multiply(mismatch, BOUNDARY_SCALE)
        self.gradients["boundary"] = scaled if factor == 1 else writer.multiply(scaled, writer.write(factor))
        return mismatch

    def _function(self, name: str, function: Callable[..., Expression]) -> _Function:
        expression = self._call(name, function, self._x, self._t)
        self._only(name, expression, set(self._coordinates))
        return self._evaluate(expression)

    def _numeric(self, constants: Mapping[str, sympy.Expr]) -> dict[str, _Function]:
        return {
            name: self._evaluate(expression) if expression.free_symbols else _number(float(expression))
            for name, expression in constants.items()
        }

    def _evaluate(self, expression: sympy.Expr) -> _Function:
        compiled = sympy.lambdify(self._coordinates, expression, "numpy", cse=True)

        def function(points: Points) -> Points:
            values = np.asarray(compiled(*points.T[:, :, None]), np.float64)
            return np.broadcast_to(values, (len(points), 1))

        return function

    def _call(self, name: str, function: Callable[..., Expression], *arguments: Any) -> sympy.Expr:
        return self._scalar(name, _called(name, function, *arguments))

    def _scalar(self, name: str, returned: Any) -> sympy.Expr:
        try:
            expression = sympy.sympify(returned, strict=True)
        except sympy.SympifyError:
            expression = None
        if not isinstance(expression, sympy.Expr) or getattr(expression, "is_Matrix", False):
            raise UserError(f"{name}: returns {_shown(returned)}; allowed: one scalar expression")
        return expression

    def _only(self, name: str, expression: sympy.Expr, allowed: set[sympy.Symbol]) -> None:
        unknown = sorted(str(symbol) for symbol in expression.free_symbols - allowed)
        if unknown:
            time = "" if self._pde.time else " (the problem has no time)"
            names = "x, u, grad_u, lap_u" if name == "residual" else "x"
            more = (", t, u_t" if name == "residual" else ", t") if self._pde.time else ""
            raise UserError(f"{name}: uses {unknown[0]}; allowed: {names}{more}{time}")


def _outputs(
    x: Sequence[sympy.Symbol], t: sympy.Symbol, ansatz: tuple[sympy.Expr, sympy.Expr]
) -> tuple[dict[sympy.Symbol, str], dict[sympy.Symbol, sympy.Expr]]:
    """Planes of the network's outputs by symbol, and the unknown's derivatives in terms of these symbols."""
    n, n_t, n_lap = sympy.symbols("n n_t n_lap")
    slopes = sympy.symbols([f"n_{i}" for i in range(len(x))])
    planes = {n: "base", n_t: "time", n_lap: "laplacian"} | {s: f"direction{i}" for i, s in enumerate(slopes)}
    a, b = ansatz
    by_x = [(sympy.diff(a, c), sympy.diff(b, c)) for c in x]
    values = {
        sympy.Symbol("u"): a + b * n,
        sympy.Symbol("u_t"): sympy.diff(a, t) + sympy.diff(b, t) * n + b * n_t,
        sympy.Symbol("lap_u"): sympy.Add(*(sympy.diff(a, c, 2) for c in x))
        + sympy.Add(*(sympy.diff(b, c, 2) for c in x)) * n
        + sympy.Add(*(2 * b_i * s for (_, b_i), s in zip(by_x, slopes, strict=True)))
        + b * n_lap,
    }
    for i, (a_i, b_i) in enumerate(by_x):
        values[sympy.Symbol(f"grad_u_{i}")] = a_i + b_i * n + b * slopes[i]
    return planes, values


def _number(value: float) -> _Function:
    return lambda points: np.asarray(value)


def _called(name: str, function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except Exception as error:  # the function is the user's: whatever it raises is told in one line
        text = str(error).splitlines()[0] if str(error) else "no message"
        raise UserError(f"{name}: raises {type(error).__name__} ({text}); allowed: {OPERATORS}") from error


def _shown(value: Any) -> str:
    kind = type(value).__name__
    return f"{kind} of length {len(value)}" if isinstance(value, Sequence) else kind


def _check(pde: Pde) -> None:
    if not isinstance(pde.space, int) or pde.space < 1:
        raise UserError(f"space: {pde.space!r} is not possible; allowed: a number of coordinates, 1 or more")
    names = [condition.name for condition in pde.conditions]
    for condition in pde.conditions:
        places = ("boundary", "initial", "final") if pde.time else ("boundary",)
        if condition.place not in places:
            raise UserError(
                f"condition {condition.name!r}: place {condition.place!r} does not exist here; "
                f"allowed: {', '.join(places)}"
            )
        if names.count(condition.name) > 1 or condition.name == "residual":
            raise UserError(f"condition {condition.name!r}: the name is taken; allowed: a name of its own")
