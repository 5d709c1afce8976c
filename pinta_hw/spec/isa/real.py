"""Instructions of the residual unit and of the update unit: FP32 vectors in real memory."""

from dataclasses import dataclass
from enum import IntEnum

from ..config import AcceleratorConfig
from ..real import RealOperation
from .fields import Fields

LENGTH_BITS = 24


class VectorOperation(IntEnum):
    """What the residual unit computes; all as `pinta_hw.spec.real` states."""

    ADD = 0
    SUBTRACT = 1
    MULTIPLY = 2
    DIVIDE = 3
    SQUARE_ROOT = 4
    """Of ``a``."""
    SUM = 5
    """One number: the elements of ``a`` added in ascending order, beginning with the first element itself.

    A single element is written as an addition of -0 gives it: a subnormal one as zero, a NaN as the one there is.
    """


VECTOR_OPERATION_OF = {
    RealOperation.ADD: VectorOperation.ADD,
    RealOperation.SUBTRACT: VectorOperation.SUBTRACT,
    RealOperation.MULTIPLY: VectorOperation.MULTIPLY,
    RealOperation.DIVIDE: VectorOperation.DIVIDE,
    RealOperation.SQUARE_ROOT: VectorOperation.SQUARE_ROOT,
}


@dataclass(frozen=True)
class Vector:
    """``result[i] = a[i] operation b[i]`` for ``length`` words, 1 or more; addresses count words of the real memory.

    ``a_scalar`` and ``b_scalar`` take the first word for all i, as it is before. Each vector lies in one group. The
    result may lie exactly where an operand lies.
    """

    operation: VectorOperation
    result: int
    a: int
    b: int
    length: int
    a_scalar: bool = False
    b_scalar: bool = False


class Optimizer(IntEnum):
    """Programs of `pinta_hw.spec.real` that the update unit executes."""

    ADAM = 0
    SGD = 1


ADAM_SCALARS = ("rate", "epsilon", "beta1", "one_minus_beta1", "beta2", "one_minus_beta2")
"""Words from `Update.scalars` on; SGD takes the first one only."""


@dataclass(frozen=True)
class Update:
    """Updates ``count`` parameters: word ``offset + i`` of each group of the real memory (`real_memory.RealGroup`).

    ``count`` is 1 or more, ``offset`` is a multiple of `real_memory.REAL_BANKS`; what lies behind the last
    parameter in its row is not changed. ``scalars`` is the address of `ADAM_SCALARS`, which lie in one group.
    """

    optimizer: Optimizer
    offset: int
    count: int
    scalars: int


def vector_fields(config: AcceleratorConfig) -> Fields:
    """Widths of a residual unit's word."""
    real = (config.real_memory_words - 1).bit_length()
    return {
        "operation": 3,
        "result": real,
        "a": real,
        "b": real,
        "length": LENGTH_BITS,
        "a_scalar": 1,
        "b_scalar": 1,
    }


def vector_values(instruction: Vector) -> dict[str, int]:
    """Values of the fields."""
    return {name: int(getattr(instruction, name)) for name in vars(instruction)}


def update_fields(config: AcceleratorConfig) -> Fields:
    """Widths of an update unit's word."""
    real = (config.real_memory_words - 1).bit_length()
    return {"optimizer": 1, "offset": real, "count": LENGTH_BITS, "scalars": real}


def update_values(instruction: Update) -> dict[str, int]:
    """Values of the fields."""
    return {name: int(getattr(instruction, name)) for name in vars(instruction)}
