"""Digit dot products: a digit plane of a 4x4 block times a byte plane of another."""

from amaranth.hdl import Cat, Const, Module, Mux, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..spec.formats import BLOCK_ELEMENTS, BLOCK_SIDE, DIGIT_BITS, PLANE_BITS

BYTE_BITS = 2 * DIGIT_BITS
BYTE_PLANE_BITS = BYTE_BITS * BLOCK_ELEMENTS
DOT_BITS = 16
"""Width of a sum: a dot product takes 15 bits (-8160 to 15300), the partial sum of a k-block 16."""


def partial_products(digit, byte, a_signed, b_signed):
    """Rows whose sum is ``digit * byte``, once `correction` is added for every four products.

    A row or bit of negative weight enters inverted (Baugh and Wooley 1973), so no sign is ever extended.
    """
    top = DIGIT_BITS - 1
    for i in range(DIGIT_BITS):
        row_negative = a_signed if i == top else Const(0, 1)
        negative = Cat(row_negative.replicate(BYTE_BITS - 1), row_negative ^ b_signed)
        yield Cat(Const(0, i), Mux(digit[i], byte, 0) ^ negative)


def correction(a_signed: int, b_signed: int) -> int:
    """What the inverted bits of four products add too much, negated: for each inverted bit, its weight."""
    a_top, b_top = DIGIT_BITS - 1, BYTE_BITS - 1
    weight = 0
    for i in range(DIGIT_BITS):
        for j in range(BYTE_BITS):
            if (a_signed and i == a_top) != (b_signed and j == b_top):
                weight += 1 << (i + j)
    return -BLOCK_SIDE * weight


class DigitDots(wiring.Component):
    """Sixteen 4-term dot products, each added to an addend. Combinational.

    ``sums[4r + c] = addends[4r + c] + sum over k of a(r, k) * b(k, c)``, modulo ``2**width``.

    Parameters
    ----------
    width : int
        Bits of addends and sums.

    Members
    -------
    a : digit (r, k) at bit ``4 * (4r + k)``
    b : byte (k, c) at bit ``8 * (4k + c)``
    a_signed, b_signed : whether digits and bytes are two's complement (otherwise unsigned)
    addends, sums : two's complement, row-major
    """

    def __init__(self, width: int = DOT_BITS):
        self._width = width
        lanes = data.ArrayLayout(signed(width), BLOCK_ELEMENTS)
        super().__init__(
            {
                "a": In(PLANE_BITS),
                "b": In(BYTE_PLANE_BITS),
                "a_signed": In(1),
                "b_signed": In(1),
                "addends": In(lanes),
                "sums": Out(lanes),
            }
        )

    def elaborate(self, platform):
        m = Module()
        corrections = [
            [Const(correction(a_signed, b_signed) % (1 << self._width), self._width) for b_signed in range(2)]
            for a_signed in range(2)
        ]
        common = Mux(
            self.a_signed, Mux(self.b_signed, *reversed(corrections[1])), Mux(self.b_signed, *reversed(corrections[0]))
        )
        for row in range(BLOCK_SIDE):
            for column in range(BLOCK_SIDE):
                lane = BLOCK_SIDE * row + column
                # The long summands last: synthesis then sees that no shorter sum overflows, and merges them all.
                total = Const(0, 1)
                for k in range(BLOCK_SIDE):
                    digit = self.a.word_select(BLOCK_SIDE * row + k, DIGIT_BITS)
                    byte = self.b.word_select(BLOCK_SIDE * k + column, BYTE_BITS)
                    for partial_product in partial_products(digit, byte, self.a_signed, self.b_signed):
                        total = total + partial_product
                m.d.comb += self.sums[lane].eq((total + common + self.addends[lane].as_unsigned())[: self._width])
        return m
