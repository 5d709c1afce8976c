"""Operations of an activation function and its derivatives at one element."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ActivationCost:
    """What phi and its derivatives up to ``order`` cost: table evaluations, multiplies, adds."""

    functions: int
    multiplies: int
    adds: int


_TANH = (
    ActivationCost(1, 0, 0),  # h = tanh(y)
    ActivationCost(1, 1, 1),  # phi' = 1 - h^2
    ActivationCost(1, 3, 1),  # phi'' = -2 h phi'
    ActivationCost(1, 6, 2),  # phi''' = -2 (phi'^2 + h phi'')
)
_SIN = (
    ActivationCost(1, 0, 0),  # h = sin(y)
    ActivationCost(2, 0, 0),  # phi' = cos(y)
    ActivationCost(2, 1, 0),  # phi'' = -h
    ActivationCost(2, 2, 0),  # phi''' = -phi'
)
_GELU = (
    ActivationCost(1, 2, 1),  # h = y Phi(y)
    ActivationCost(2, 4, 2),  # phi' = Phi + y g, g the normal density
    ActivationCost(2, 6, 4),  # phi'' = (2 - y^2) g
    ActivationCost(2, 8, 5),  # phi''' = y (y^2 - 4) g
)
_COSTS = {"tanh": _TANH, "sin": _SIN, "gelu": _GELU}


def activation_cost(activation: str, order: int) -> ActivationCost:
    """Of phi and all derivatives up to the order, 0 to 3, without the bias."""
    return _COSTS[activation][order]
