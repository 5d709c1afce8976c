"""100-D heat equation in the unit ball, ``u_t = k lap u``, with soft conditions at time 0 and on the sphere."""

from collections.abc import Sequence

import sympy

from .domain import Ball
from .pde import Condition, Expression, Pde

SPACE = 100


def _quadratic(x: Sequence[Expression], t: Expression) -> Expression:
    return sum(c**2 for c in x) / 200 + t


def _wave(x: Sequence[Expression], t: Expression) -> Expression:
    return sympy.exp(-t) * sympy.sin(sympy.Rational(3, 2) * sum(x))


_SOLUTIONS = {"heat100d": (_quadratic, sympy.Integer(1)), "heat100d-wave": (_wave, sympy.Rational(4, 9 * SPACE))}


def heat100d(name: str) -> Pde:
    """The problem of a name.

    ``heat100d`` is that of He et al. (2023): k = 1 and ``u = norm(x)^2 / 200 + t``. ``heat100d-wave`` has k = 1/225
    and an initial condition that oscillates, ``sin(3/2 (x1 + ... + x100))``:
    ``u = exp(-t) sin(3/2 (x1 + ... + x100))``. The argument of the sine has a standard deviation of 1.5 over the ball.
    """
    solution, conductivity = _SOLUTIONS[name]

    def residual(
        x: Sequence[Expression],
        t: Expression,
        u: Expression,
        u_t: Expression,
        grad_u: Sequence[Expression],
        lap_u: Expression,
    ) -> Expression:
        return u_t - conductivity * lap_u

    predictors = {"t": lambda x, t: t, "t + 1/200": lambda x, t: t + sympy.Rational(1, 200)}
    return Pde(
        space=SPACE,
        time=True,
        domain=Ball(),
        residual=residual,
        conditions=[
            Condition("initial", "initial", solution, 1000.0),
            Condition("boundary", "boundary", solution, 1000.0),
        ],
        exact=solution,
        trivial=predictors if name == "heat100d" else {},
    )
