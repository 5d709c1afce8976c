"""Operands of any width as SMX-16: the same values at the same stored exponent."""

from amaranth.hdl import signed
from amaranth.lib import data

from ..spec.formats import BLOCK_ELEMENTS, EXPONENT_BITS, SMX_BITS

WIDE_BITS = max(SMX_BITS)


class WideBlock(data.StructLayout):
    """An SMX-16 block: sixteen mantissas, row-major, and their stored exponent."""

    def __init__(self) -> None:
        super().__init__({"mantissas": data.ArrayLayout(signed(WIDE_BITS), BLOCK_ELEMENTS), "exponent": EXPONENT_BITS})
