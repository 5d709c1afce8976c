"""Programs in FP32: the residual of each collocation point and the weight update.

Each step is one IEEE 754 operation, rounded to nearest even; subnormal results become zeros of their sign. There is no
fused multiply-add. The golden models run these programs, and so does the gateware, step by step in this order.
"""

from dataclasses import dataclass
from enum import Enum


class RealOperation(Enum):
    """Operations of the FP32 lanes."""

    ADD = "add"
    SUBTRACT = "subtract"
    MULTIPLY = "multiply"
    DIVIDE = "divide"
    SQUARE_ROOT = "square_root"


@dataclass(frozen=True)
class RealStep:
    """``result = operation(*operands)``; names are registers, inputs or constants."""

    result: str
    operation: RealOperation
    operands: tuple[str, ...]


RealProgram = tuple[RealStep, ...]

ADAM: RealProgram = (
    RealStep("decayed_m", RealOperation.MULTIPLY, ("beta1", "m")),
    RealStep("fresh_m", RealOperation.MULTIPLY, ("one_minus_beta1", "g")),
    RealStep("m", RealOperation.ADD, ("decayed_m", "fresh_m")),
    RealStep("decayed_v", RealOperation.MULTIPLY, ("beta2", "v")),
    RealStep("scaled_g", RealOperation.MULTIPLY, ("one_minus_beta2", "g")),
    RealStep("fresh_v", RealOperation.MULTIPLY, ("scaled_g", "g")),
    RealStep("v", RealOperation.ADD, ("decayed_v", "fresh_v")),
    RealStep("root", RealOperation.SQUARE_ROOT, ("v",)),
    RealStep("divisor", RealOperation.ADD, ("root", "epsilon")),
    RealStep("direction", RealOperation.DIVIDE, ("m", "divisor")),
    RealStep("change", RealOperation.MULTIPLY, ("rate", "direction")),
    RealStep("w", RealOperation.SUBTRACT, ("w", "change")),
)
"""Adam (Kingma and Ba, 2015) for one parameter w with gradient g and moments m, v.

``rate`` and ``epsilon`` come from a table by step t: ``lr sqrt(1 - beta2**t) / (1 - beta1**t)`` and
``1e-8 sqrt(1 - beta2**t)``, which is Adam with its bias corrections in another order.
"""

SGD: RealProgram = (
    RealStep("change", RealOperation.MULTIPLY, ("rate", "g")),
    RealStep("w", RealOperation.SUBTRACT, ("w", "change")),
)
"""Stochastic gradient descent; ``rate`` is the learning rate of the step."""
