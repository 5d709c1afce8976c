"""FP32: the operations, and the programs of the residual of each collocation point and of the weight update.

Each step is one IEEE 754 binary32 operation, rounded to nearest even, on these terms:

- A subnormal operand is read as the zero of its sign.
- A result is rounded as IEEE 754 rounds it, to a multiple of 2^-149 where it is that small, and becomes the zero of its
  sign if its magnitude is then below 2^-126. So a magnitude of at least 2^-126 - 2^-150 stays, as 2^-126.
- Every NaN result has the bits 0x7FC00000, whatever NaN or invalid operation it came from.
- Infinities and signs of zeros follow IEEE 754: x - x is +0, the square root of -0 (or a negative subnormal) is -0.

There is no fused multiply-add. The golden models run the programs, and so does the gateware, step by step in this
order.
"""

from dataclasses import dataclass
from enum import Enum

FLOAT32_EXPONENT_BITS = 8
FLOAT32_FRACTION_BITS = 23
FLOAT32_BIAS = 127


class RealOperation(Enum):
    """Operations of the FP32 lanes."""

    ADD = "add"
    SUBTRACT = "subtract"
    MULTIPLY = "multiply"
    DIVIDE = "divide"
    SQUARE_ROOT = "square_root"


@dataclass(frozen=True)
class RealUnitTiming:
    """Pace of a gateware unit that nothing stalls.

    Parameters
    ----------
    latency_cycles : int
        From accepting operands to offering their result.
    interval_cycles : int
        From accepting operands to accepting the next.
    """

    latency_cycles: int
    interval_cycles: int


DIGIT_RECURRENCE_STEPS = 2
"""Bits of a quotient or root found in a cycle. A divider's one takes 444 ps, two 671, three 934 (ASAP7, no layout)."""
QUOTIENT_BITS = FLOAT32_FRACTION_BITS + 3
"""A quotient of two significands lies between 1/2 and 2: a significand, a guard bit, and one that may be zero."""
ROOT_BITS = FLOAT32_FRACTION_BITS + 1
"""A root's fraction and guard bit; the bit before them is always one."""


def _recurrence(bits: int) -> RealUnitTiming:
    """Loading, ``bits`` of the result, rounding; the next operands are loaded while a result is rounded."""
    iterations = bits // DIGIT_RECURRENCE_STEPS
    return RealUnitTiming(latency_cycles=iterations + 2, interval_cycles=iterations + 1)


REAL_TIMING = {
    RealOperation.ADD: RealUnitTiming(latency_cycles=4, interval_cycles=1),
    RealOperation.SUBTRACT: RealUnitTiming(latency_cycles=4, interval_cycles=1),
    RealOperation.MULTIPLY: RealUnitTiming(latency_cycles=3, interval_cycles=1),
    RealOperation.DIVIDE: _recurrence(QUOTIENT_BITS),
    RealOperation.SQUARE_ROOT: _recurrence(ROOT_BITS),
}
"""Pace of each operation's unit, the same for all operands."""


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
