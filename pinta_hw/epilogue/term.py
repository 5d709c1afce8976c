"""Terms of an elementwise result: exact integers with a pair exponent."""

from amaranth.hdl import signed
from amaranth.lib import data

from ..spec.accumulator import PAIR_EXPONENT_BIAS
from ..spec.formats import BLOCK_ELEMENTS
from .wide import WIDE_BITS

TERM_BITS = 2 * WIDE_BITS - 1
"""A product of two SMX-16 mantissas is below ``2**30``."""
TERM_FRACTION_BITS = 2 * (WIDE_BITS - 2)
TERM_EXPONENT_BITS = 9
"""The sum of two stored exponents, or twice that value: 0 to 509."""
TERM_UNIT_EXPONENT = PAIR_EXPONENT_BIAS + TERM_FRACTION_BITS
"""Exponent at which an integer is worth itself."""


class Term(data.StructLayout):
    """Sixteen integers of magnitudes below ``2**30``, in units of ``2**(exponent - TERM_UNIT_EXPONENT)``."""

    def __init__(self) -> None:
        super().__init__(
            {"integers": data.ArrayLayout(signed(TERM_BITS), BLOCK_ELEMENTS), "exponent": TERM_EXPONENT_BITS}
        )


class TermPair(data.StructLayout):
    """Two terms whose sum is wanted; ``nan``: it is NaN, whatever they are."""

    def __init__(self) -> None:
        super().__init__({"first": Term(), "second": Term(), "nan": 1})
