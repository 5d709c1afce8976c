"""A partial differential equation as its author writes it; `derived` makes a problem of it.

The functions take SymPy symbols and return SymPy expressions. ``x`` is a tuple of the coordinates of space, ``t`` is
time. They may use any SymPy function of ``x`` and ``t``: what depends on these alone becomes a constant of each point,
computed in float64 with the points. On the unknown and its derivatives only `OPERATORS` act.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .domain import Box, Domain, Place

OPERATORS = "+, -, *, /, integer powers and sqrt of u, u_t, grad_u[i] and lap_u; any SymPy function of x and t"
"""What a residual may be made of, for messages."""

Expression = Any
"""A SymPy expression or a number."""


@dataclass(frozen=True)
class Condition:
    """A soft condition ``u = value`` at a place.

    Parameters
    ----------
    name : str
        Of its loss, and of its weight in an experiment.
    place : str
        ``boundary``, ``initial`` (time 0) or ``final`` (time 1).
    value : callable
        ``value(x, t)``.
    weight : float
        Of its mean square in the loss.
    """

    name: str
    place: Place
    value: Callable[[Sequence[Expression], Expression], Expression]
    weight: float = 1.0


@dataclass(frozen=True)
class Pde:
    """An equation ``residual = 0`` with its domain and conditions.

    Parameters
    ----------
    space : int
        Coordinates of space, 1 or more.
    residual : callable
        ``residual(x, t, u, u_t, grad_u, lap_u)``; ``grad_u`` is a tuple like ``x``, ``lap_u`` the Laplacian over space.
    time : bool
        Whether there is a time, in [0, 1].
    domain : Domain
        `Box` or `Ball`.
    conditions : sequence of Condition
        Soft conditions, each with its own points.
    ansatz : callable, optional
        Hard conditions: ``ansatz(x, t)`` gives ``(A, B)``, and the solution is ``u = A + B N`` with the network N.
    exact : callable, optional
        The solution ``exact(x, t)``, for the error; without it there is none.
    trivial : mapping of callables
        Trivial predictors ``(x, t)`` by name. The mean of the solution, and N = 0 where there is an ansatz, are added.
    residual_weight : float
        Of the residual's mean square in the loss.
    """

    space: int
    residual: Callable[..., Expression]
    time: bool = False
    domain: Domain = field(default_factory=Box)
    conditions: Sequence[Condition] = ()
    ansatz: Callable[[Sequence[Expression], Expression], tuple[Expression, Expression]] | None = None
    exact: Callable[[Sequence[Expression], Expression], Expression] | None = None
    trivial: Mapping[str, Callable[[Sequence[Expression], Expression], Expression]] = field(default_factory=dict)
    residual_weight: float = 1.0
