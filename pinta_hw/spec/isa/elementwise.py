"""The elementwise instruction: an operation of `pinta_hw.spec.operations` on whole tensors."""

from dataclasses import dataclass
from enum import IntEnum

from ..config import AcceleratorConfig
from ..errors import UserError
from ..formats import BLOCK_SIDE, SMX_BITS
from ..tables import MAX_ORDER
from .fields import Fields

BLOCK_COUNT_BITS = 16


class ElementwiseOperation(IntEnum):
    """What is computed of the operands a, b, c and d."""

    MULTIPLY = 0
    """``a b`` or ``2 a b``."""
    ADD = 1
    """``a + c``."""
    MULTIPLY_ADD = 2
    """``a b + c``."""
    DOT2 = 3
    """``a b + c d``."""
    ADD_ROW = 4
    """``a`` and row 0 of ``c``'s blocks."""
    TABLE = 5
    """A derivative of an activation function at ``a``."""
    SUM_PARTS = 6
    """The sum of ``a b`` over the parts."""


OPERANDS_OF = {
    ElementwiseOperation.MULTIPLY: "ab",
    ElementwiseOperation.ADD: "ac",
    ElementwiseOperation.MULTIPLY_ADD: "abc",
    ElementwiseOperation.DOT2: "abcd",
    ElementwiseOperation.ADD_ROW: "ac",
    ElementwiseOperation.TABLE: "a",
    ElementwiseOperation.SUM_PARTS: "ab",
}
"""Operands that an operation takes."""


class ActivationFunction(IntEnum):
    """The functions of `pinta_hw.spec.tables`."""

    TANH = 0
    SIN = 1
    GELU = 2


@dataclass(frozen=True)
class Walk:
    """How a tensor is walked: block ``(part, outer, inner)``, plane p is the word
    ``base + part*part_stride + outer*outer_stride + inner*inner_stride + p*plane_stride``.

    All words lie in one scratchpad group. The inner stride is odd, the plane stride ``banks / 2`` modulo ``banks``, as
    `pinta_hw.spec.layout` has them; the others are free, and 0 repeats a block row or a whole part.
    """

    base: int
    bits: int
    part_stride: int
    outer_stride: int
    inner_stride: int
    plane_stride: int

    def word(self, part: int, outer: int, inner: int, plane: int) -> int:
        """Address of a digit plane."""
        return (
            self.base
            + part * self.part_stride
            + outer * self.outer_stride
            + inner * self.inner_stride
            + plane * self.plane_stride
        )


@dataclass(frozen=True)
class Elementwise:
    """One operation on ``parts`` x ``outer_blocks`` x ``inner_blocks`` blocks.

    Parameters
    ----------
    operation : ElementwiseOperation
        What is computed.
    a, b, c, d : Walk
        Operands, as far as the operation takes them (`OPERANDS_OF`).
    result : Walk
        Its part stride has no meaning for ``SUM_PARTS``, which writes after the last part. It shares a scratchpad group
        with no operand: while it is written, later blocks of those are read.
    parts, outer_blocks, inner_blocks : int
        Blocks; a beat is ``banks / 2`` neighbours of the inner direction. ``SUM_PARTS`` runs through the parts first.
    inner_is_rows : bool
        Whether the inner direction runs down the rows of the matrix.
    last_row, last_column : int
        Last row and column inside the logical shape of the last block in each direction, 0 to 3.
    doubled : bool
        Twice ``a b``, for ``MULTIPLY``.
    squared : bool
        ``b`` is ``a``, which is read once.
    repeated : bool
        ``b`` is one block for all; its strides, but for that of the planes, have no meaning.
    serial : bool
        Operands are read one after the other, because two of them share a scratchpad group; otherwise two at a time,
        in the order of their names (`reads_together`).
    function, order : ActivationFunction, int
        For ``TABLE``.
    """

    operation: ElementwiseOperation
    a: Walk
    result: Walk
    parts: int
    outer_blocks: int
    inner_blocks: int
    inner_is_rows: bool
    last_row: int
    last_column: int
    b: Walk | None = None
    c: Walk | None = None
    d: Walk | None = None
    doubled: bool = False
    squared: bool = False
    repeated: bool = False
    serial: bool = False
    function: ActivationFunction = ActivationFunction.TANH
    order: int = 0


def elementwise_fields(config: AcceleratorConfig) -> Fields:
    """Widths of an elementwise word."""
    word = (config.scratchpad_words - 1).bit_length()
    side = (BLOCK_SIDE - 1).bit_length()
    fields = {"operation": 3, "doubled": 1, "squared": 1, "repeated": 1, "serial": 1}
    fields |= {"function": 2, "order": MAX_ORDER.bit_length()}
    fields |= {"parts": BLOCK_COUNT_BITS, "outer_blocks": BLOCK_COUNT_BITS, "inner_blocks": BLOCK_COUNT_BITS}
    fields |= {"inner_is_rows": 1, "last_row": side, "last_column": side}
    for name in ("a", "b", "c", "d", "result"):
        for part in ("base", "part_stride", "outer_stride", "inner_stride", "plane_stride"):
            fields[f"{name}_{part}"] = word
        fields[f"{name}_width"] = 2
    return fields


def operands_read(operation: ElementwiseOperation, squared: bool = False) -> str:
    """Names of the operands that are read, in their order; a squared one is read once."""
    return "".join(name for name in OPERANDS_OF[operation] if not (squared and name == "b"))


def reads_together(instruction: Elementwise) -> tuple[str, ...]:
    """Names of the operands that are read in the same cycles, in their order: two at a time, or one where serial."""
    names = operands_read(instruction.operation, instruction.squared)
    size = 1 if instruction.serial else 2
    return tuple(names[start : start + size] for start in range(0, len(names), size))


def elementwise_values(config: AcceleratorConfig, instruction: Elementwise) -> dict[str, int]:
    """Values of the fields.

    Raises
    ------
    UserError
        If the result, or an operand read in the same cycles, shares an operand's scratchpad group: its banks have one
        port.
    """
    _check_groups(config, instruction)
    values: dict[str, int] = {
        name: int(getattr(instruction, name))
        for name in ("operation", "doubled", "squared", "repeated", "serial", "function", "order")
    }
    values |= {name: getattr(instruction, name) for name in ("parts", "outer_blocks", "inner_blocks")}
    values |= {name: int(getattr(instruction, name)) for name in ("inner_is_rows", "last_row", "last_column")}
    for name in ("a", "b", "c", "d", "result"):
        walk: Walk | None = getattr(instruction, name)
        for part in ("base", "part_stride", "outer_stride", "inner_stride", "plane_stride"):
            values[f"{name}_{part}"] = getattr(walk, part) if walk else 0
        values[f"{name}_width"] = SMX_BITS.index(walk.bits) if walk else 0
    return values


def _check_groups(config: AcceleratorConfig, instruction: Elementwise) -> None:
    for names in reads_together(instruction):
        seen = {instruction.result.base // config.group_words: "the result"}
        for name in names:
            walk: Walk = getattr(instruction, name)
            group = walk.base // config.group_words
            if group in seen:
                raise UserError(f"scratchpad group {group}: holds {seen[group]} and {name}; allowed: one of them")
            seen[group] = name
