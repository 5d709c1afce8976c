"""Operands of any width as SMX-16."""

from amaranth.hdl import Cat, Const, Mux, Value, signed
from amaranth.lib import data

from ..smx import MAX_PLANES
from ..spec.formats import BLOCK_ELEMENTS, DIGIT_BITS, EXPONENT_BITS, SMX_BITS

WIDE_BITS = max(SMX_BITS)


class WideBlock(data.StructLayout):
    """An SMX-16 block: sixteen mantissas, row-major, and their stored exponent."""

    def __init__(self) -> None:
        super().__init__({"mantissas": data.ArrayLayout(signed(WIDE_BITS), BLOCK_ELEMENTS), "exponent": EXPONENT_BITS})


def wide_mantissas(operand) -> list[Value]:
    """The mantissas of an `Operand`, shifted up to 16 bits: the same values at the same stored exponent."""
    missing = ~operand.width.as_value()  # digits that the width lacks
    mantissas = []
    for lane in range(BLOCK_ELEMENTS):
        value = Cat(operand.block.planes[plane].word_select(lane, DIGIT_BITS) for plane in range(MAX_PLANES))
        for bit in reversed(range(len(missing))):
            up = DIGIT_BITS << bit
            value = Mux(missing[bit], Cat(Const(0, up), value[:-up]), value)
        mantissas.append(value.as_signed())
    return mantissas
