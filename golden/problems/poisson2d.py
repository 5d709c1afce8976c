"""2-D Poisson on the unit square, ``lap u = f``, with soft Dirichlet conditions."""

from collections.abc import Sequence

import sympy

from .pde import Condition, Expression, Pde


def _sum_of_sines(x: Sequence[Expression], t: Expression) -> Expression:
    return sympy.sin(x[0] + x[1]) / 2


def _sine(x: Sequence[Expression], t: Expression) -> Expression:
    return sympy.sin(sympy.pi * x[0]) * sympy.sin(sympy.pi * x[1])


def _multifrequency(x: Sequence[Expression], t: Expression) -> Expression:
    waves = ((1, 1, 1), (2, 3, sympy.Rational(1, 2)), (4, 1, sympy.Rational(1, 4)))
    return sum(a * sympy.sin(j * sympy.pi * x[0]) * sympy.sin(k * sympy.pi * x[1]) for j, k, a in waves)


_SOLUTIONS = {"poisson2d": _sum_of_sines, "poisson2d-sine": _sine, "poisson2d-multifrequency": _multifrequency}


def poisson2d(name: str) -> Pde:
    """The problem of a name.

    ``poisson2d`` has the solution ``sin(x1 + x2) / 2``, as He et al. (2023) define it; ``poisson2d-sine`` has
    ``sin(pi x1) sin(pi x2)``; ``poisson2d-multifrequency`` has the sum of
    ``a sin(j pi x1) sin(k pi x2)`` over (j, k, a) = (1, 1, 1), (2, 3, 1/2), (4, 1, 1/4).
    """
    solution = _SOLUTIONS[name]

    def residual(
        x: Sequence[Expression],
        t: Expression,
        u: Expression,
        u_t: Expression,
        grad_u: Sequence[Expression],
        lap_u: Expression,
    ) -> Expression:
        return lap_u - sum(sympy.diff(solution(x, t), c, 2) for c in x)

    return Pde(
        space=2, residual=residual, conditions=[Condition("boundary", "boundary", solution, 300.0)], exact=solution
    )
