"""20-D Hamilton-Jacobi-Bellman equations on [0,1]^20 x [0,1] with hard conditions, ``u = g(x) + (1 - t) N(x, t)``."""

from collections.abc import Sequence

import sympy

from .pde import Expression, Pde

SPACE = 20


def hjb20d() -> Pde:
    """``u_t + lap u - 0.05 norm(grad u)^2 + 2 = 0``, ``u(x, 1) = sum(x)`` (Zhao et al.): ``u = sum(x) + 1 - t``."""

    def residual(
        x: Sequence[Expression],
        t: Expression,
        u: Expression,
        u_t: Expression,
        grad_u: Sequence[Expression],
        lap_u: Expression,
    ) -> Expression:
        return u_t + lap_u - sympy.Rational(1, 20) * sum(slope**2 for slope in grad_u) + 2

    return Pde(
        space=SPACE,
        time=True,
        residual=residual,
        ansatz=lambda x, t: (sum(x), 1 - t),
        exact=lambda x, t: sum(x) + 1 - t,
    )


def hjb20d_cole_hopf() -> Pde:
    """``u_t + k (lap u - norm(grad u)^2) = 0`` with a solution in closed form, k = 1 / 20.

    By Cole and Hopf, ``u = -log v`` with ``v_t + k lap v = 0``. Waves along two orthogonal directions solve that:
    ``v = 1 + 2/5 exp(t - 1) (cos(y1 + y2 + ...) + cos(y1 - y2 + ...))`` with ``y = x - 1/2``. ``g(x) = u(x, 1)``.
    """

    def solution(x: Sequence[Expression], t: Expression) -> Expression:
        y = [c - sympy.Rational(1, 2) for c in x]
        waves = sympy.cos(sum(y)) + sympy.cos(sum(y[::2]) - sum(y[1::2]))
        return -sympy.log(1 + sympy.Rational(2, 5) * sympy.exp(t - 1) * waves)

    def residual(
        x: Sequence[Expression],
        t: Expression,
        u: Expression,
        u_t: Expression,
        grad_u: Sequence[Expression],
        lap_u: Expression,
    ) -> Expression:
        return u_t + (lap_u - sum(slope**2 for slope in grad_u)) / 20

    return Pde(
        space=SPACE,
        time=True,
        residual=residual,
        ansatz=lambda x, t: (solution(x, sympy.Integer(1)), 1 - t),
        exact=solution,
    )
