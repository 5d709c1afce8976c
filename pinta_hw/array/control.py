"""What travels between the array's controller and its block units."""

from amaranth.hdl import signed
from amaranth.lib import data, enum

from ..spec.accumulator import ACCUMULATOR_BITS, PAIR_EXPONENT_BITS
from ..spec.formats import BLOCK_ELEMENTS


class Shift(enum.Enum, shape=2):
    """Bits by which the partial sum moves right before a step's products are added."""

    NONE = 0
    DIGIT = 1
    BYTE = 2

    @classmethod
    def of_bits(cls, bits: int) -> "Shift":
        """The shift by 0, 4 or 8 bits, as `pinta_hw.spec.digits.Step` counts it."""
        return {0: cls.NONE, 4: cls.DIGIT, 8: cls.BYTE}[bits]


class StepControl(data.StructLayout):
    """One step of a block unit, beside its operands.

    Members
    -------
    valid : whether there is a step at all; the other members mean nothing without it
    first, last : first and last step of the k-block
    shift : how far the partial sum moves right first (nothing on the first step)
    a_signed, b_signed : whether the digit and the byte plane are the operand's top ones
    tile_first, tile_last : whether the k-block is the first and the last of the contraction
    """

    def __init__(self):
        super().__init__(
            {
                "valid": 1,
                "first": 1,
                "last": 1,
                "shift": Shift,
                "a_signed": 1,
                "b_signed": 1,
                "tile_first": 1,
                "tile_last": 1,
            }
        )


class AccumulatorBlock(data.StructLayout):
    """A finished 4x4 output block, as `pinta_hw.spec.accumulator` defines it; of other widths elsewhere.

    Parameters
    ----------
    mantissa_bits, exponent_bits : int
        Widths of its members.

    Members
    -------
    mantissas : sixteen two's-complement integers, row-major
    exponent : the pair exponent that they share
    nan : whether the block is NaN; the other members then mean nothing
    """

    def __init__(self, mantissa_bits: int = ACCUMULATOR_BITS, exponent_bits: int = PAIR_EXPONENT_BITS):
        super().__init__(
            {
                "mantissas": data.ArrayLayout(signed(mantissa_bits), BLOCK_ELEMENTS),
                "exponent": exponent_bits,
                "nan": 1,
            }
        )
