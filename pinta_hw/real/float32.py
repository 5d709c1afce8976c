"""IEEE 754 binary32 as the units see it."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Value, signed
from amaranth.lib import data

from ..spec.real import FLOAT32_EXPONENT_BITS, FLOAT32_FRACTION_BITS

SIGNIFICAND_BITS = FLOAT32_FRACTION_BITS + 1
MAX_EXPONENT = (1 << FLOAT32_EXPONENT_BITS) - 1
"""Stored exponent of infinities and NaN."""


class Float32(data.StructLayout):
    """A binary32 number."""

    def __init__(self):
        super().__init__({"fraction": FLOAT32_FRACTION_BITS, "exponent": FLOAT32_EXPONENT_BITS, "sign": 1})


class OperandPair(data.StructLayout):
    """The operands of a dyadic operation."""

    def __init__(self):
        super().__init__({"a": Float32(), "b": Float32()})


class Special(data.StructLayout):
    """What a result is whatever its significand says; ``nan`` counts before ``infinite``, that before ``zero``."""

    def __init__(self):
        super().__init__({"sign": 1, "nan": 1, "infinite": 1, "zero": 1})


class Unrounded(data.StructLayout):
    """A result before its rounding.

    Where nothing in ``special`` but the sign is set, its magnitude lies between
    ``significand * 2**(exponent - 150)`` and the next significand: ``guard`` is the bit below, ``sticky`` says whether
    any bit below that is set. The significand's highest bit is one. ``exponent`` is biased; it is not positive where
    the result is too small, and above those of numbers where it is too large, which no zero may have.
    """

    def __init__(self):
        super().__init__(
            {
                "sticky": 1,
                "guard": 1,
                "significand": SIGNIFICAND_BITS,
                "exponent": signed(FLOAT32_EXPONENT_BITS + 2),
                "special": Special(),
            }
        )


@dataclass(frozen=True)
class Operand:
    """An operand as it is read: a subnormal one is the zero of its sign."""

    zero: Value
    infinite: Value
    """Of NaN too; where it matters ``nan`` counts first."""
    nan: Value
    significand: Value
    """With its leading one; zero has any."""

    @classmethod
    def read(cls, number: data.View) -> "Operand":
        """What the bits of a `Float32` mean."""
        highest = number.exponent.all()
        return cls(
            zero=~number.exponent.any(),
            infinite=highest,
            nan=highest & number.fraction.any(),
            significand=Cat(number.fraction, 1),
        )
