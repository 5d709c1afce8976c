"""Values that the fields of an instruction may have: the machine refuses others before it starts a unit."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..accumulator import MAX_CONTRACTION
from ..config import AcceleratorConfig
from ..formats import BLOCK_SIDE
from ..tables import MAX_ORDER
from .elementwise import ActivationFunction, ElementwiseOperation
from .instruction import Unit, operation_fields
from .real import VectorOperation
from .real_memory import REAL_BANKS
from .transfer import BEAT_BYTES, Direction


@dataclass(frozen=True)
class Limit:
    """What a field may hold."""

    least: int = 0
    most: int | None = None
    multiple: int = 1
    """A power of two that divides it."""


def limits(config: AcceleratorConfig, unit: Unit) -> dict[str, Limit]:
    """Limits by field; a field without an entry may hold anything."""
    some = Limit(least=1)
    return {
        Unit.GEMM: {
            "row_blocks": some,
            "column_blocks": some,
            "k_blocks": Limit(1, MAX_CONTRACTION // BLOCK_SIDE),
            "grouping": Limit(most=len(config.groupings) - 1),
        },
        Unit.ELEMENTWISE: {
            "operation": Limit(most=max(ElementwiseOperation)),
            "function": Limit(most=max(ActivationFunction)),
            "order": Limit(most=MAX_ORDER),
            "parts": some,
            "outer_blocks": some,
            "inner_blocks": some,
        },
        Unit.CONVERT: {"rows": some, "columns": some, "inner_rows": some, "inner_columns": some},
        Unit.RESIDUAL: {"operation": Limit(most=max(VectorOperation)), "length": some},
        Unit.UPDATE: {"offset": Limit(multiple=REAL_BANKS), "count": some},
        Unit.TRANSFER: {
            "direction": Limit(most=max(Direction)),
            "memory": Limit(multiple=BEAT_BYTES),
            "step_stride": Limit(multiple=BEAT_BYTES),
            "beats": some,
        },
    }[unit]


def is_legal(config: AcceleratorConfig, unit: Unit, values: Mapping[str, int]) -> bool:
    """Whether the machine starts an instruction with these fields."""
    widths = operation_fields(config, unit)
    for name, limit in limits(config, unit).items():
        value = values[name] & ((1 << widths[name]) - 1)
        if value < limit.least or value % limit.multiple or (limit.most is not None and value > limit.most):
            return False
    return True
