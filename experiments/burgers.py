"""Viscous Burgers equation, ``u_t + u u_x = 0.05 u_xx``, with a travelling front: an equation of one's own."""

from sympy import Rational, tanh

from golden.problems import Box, Condition, Pde


def residual(x, t, u, u_t, grad_u, lap_u):
    """Zero where u solves the equation."""
    return u_t + u * grad_u[0] - Rational(1, 20) * lap_u


def front(x, t):
    """The solution."""
    return (1 - tanh(5 * (x[0] - t / 2))) / 2


problem = Pde(
    space=1,
    time=True,
    residual=residual,
    domain=Box(-1.0, 1.0),
    conditions=[Condition("start", "initial", front, weight=10.0), Condition("ends", "boundary", front, weight=10.0)],
    exact=front,
)
