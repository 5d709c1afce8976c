"""Digit dot products: a digit plane of a 4x4 block times a byte plane of another."""

from amaranth.hdl import Cat, Const, Module, Mux, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..spec.formats import BLOCK_ELEMENTS, BLOCK_SIDE, DIGIT_BITS, PLANE_BITS

BYTE_BITS = 2 * DIGIT_BITS
BYTE_PLANE_BITS = BYTE_BITS * BLOCK_ELEMENTS
DOT_BITS = 16
"""Width of a sum: a dot product takes 15 bits (-8160 to 15300), the partial sum of a k-block 16."""


class DigitDots(wiring.Component):
    """Sixteen 4-term dot products, each added to an addend. Combinational.

    ``sums[4r + c] = addends[4r + c] + sum over k of a(r, k) * b(k, c)``, modulo ``2**DOT_BITS``.

    A product is four rows of AND gates. A row or bit of negative weight enters inverted (Baugh and
    Wooley 1973), and what the inversions add is taken off once for all four products: one sum of
    seventeen short unsigned rows, in which no sign is ever extended.

    Members
    -------
    a : digit (r, k) at bit ``4 * (4r + k)``
    b : byte (k, c) at bit ``8 * (4k + c)``
    a_signed, b_signed : whether digits and bytes are two's complement (otherwise unsigned)
    addends, sums : two's complement, row-major
    """

    a: In(PLANE_BITS)
    b: In(BYTE_PLANE_BITS)
    a_signed: In(1)
    b_signed: In(1)
    addends: In(data.ArrayLayout(signed(DOT_BITS), BLOCK_ELEMENTS))
    sums: Out(data.ArrayLayout(signed(DOT_BITS), BLOCK_ELEMENTS))

    def elaborate(self, platform):
        m = Module()
        correction = Mux(
            self.a_signed,
            Mux(self.b_signed, _correction(1, 1), _correction(1, 0)),
            Mux(self.b_signed, _correction(0, 1), _correction(0, 0)),
        )
        for row in range(BLOCK_SIDE):
            for column in range(BLOCK_SIDE):
                lane = BLOCK_SIDE * row + column
                total = Const(0, 1)
                for k in range(BLOCK_SIDE):
                    digit = self.a.word_select(BLOCK_SIDE * row + k, DIGIT_BITS)
                    byte = self.b.word_select(BLOCK_SIDE * k + column, BYTE_BITS)
                    for partial_product in self._partial_products(digit, byte):
                        total = total + partial_product
                m.d.comb += self.sums[lane].eq((total + correction + self.addends[lane].as_unsigned())[:DOT_BITS])
        return m

    def _partial_products(self, digit, byte):
        """Rows of one product: bits of negative weight are inverted."""
        top = DIGIT_BITS - 1
        for i in range(DIGIT_BITS):
            row_negative = self.a_signed if i == top else Const(0, 1)
            bits = Mux(digit[i], byte, 0)
            negative = Cat(row_negative.replicate(BYTE_BITS - 1), row_negative ^ self.b_signed)
            yield Cat(Const(0, i), bits ^ negative)


def _correction(a_signed: int, b_signed: int) -> Const:
    """What the inverted bits of four products add too much, negated. For each inverted bit, its weight."""
    a_top, b_top = DIGIT_BITS - 1, BYTE_BITS - 1
    weight = 0
    for i in range(DIGIT_BITS):
        for j in range(BYTE_BITS):
            if (a_signed and i == a_top) != (b_signed and j == b_top):
                weight += 1 << (i + j)
    return Const(-BLOCK_SIDE * weight % (1 << DOT_BITS), DOT_BITS)
