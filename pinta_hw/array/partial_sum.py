"""The partial sums of a k-block: digit products added in ascending order of weight."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..spec.accumulator import ACCUMULATOR_FRACTION_BITS, PRODUCT_INTEGER_BITS
from ..spec.formats import BLOCK_ELEMENTS, PLANE_BITS
from .control import Shift
from .dot import BYTE_PLANE_BITS, DOT_BITS, DigitDots

PRODUCT_FRACTION_BITS = ACCUMULATOR_FRACTION_BITS + 1
"""The accumulator's fraction and one bit to round by; lower bits cannot change the result."""
PRODUCT_BITS = PRODUCT_INTEGER_BITS + PRODUCT_FRACTION_BITS
DOT_FRACTION_BITS = 8
"""Of the most significant step: a digit has 2 fraction bits there, a byte 6."""
LOW_BITS = PRODUCT_FRACTION_BITS - DOT_FRACTION_BITS


class PartialSums(wiring.Component):
    """Sixteen partial sums. Latency 1, one step a cycle.

    After the last step of a k-block, ``products[i]`` is its dot product with `PRODUCT_FRACTION_BITS`
    fraction bits, lower bits cut off (floor).

    Members
    -------
    a, b, a_signed, b_signed : the operands of `DigitDots`
    first : whether the sums start anew
    shift : how far they move right before this step's products are added
    enable : whether there is a step; without it the sums stay
    products : the registered sums
    """

    a: In(PLANE_BITS)
    b: In(BYTE_PLANE_BITS)
    a_signed: In(1)
    b_signed: In(1)
    first: In(1)
    shift: In(Shift)
    enable: In(1)
    products: Out(data.ArrayLayout(signed(PRODUCT_BITS), BLOCK_ELEMENTS))

    def elaborate(self, platform):
        m = Module()
        m.submodules.dots = dots = DigitDots()
        m.d.comb += [
            dots.a.eq(self.a),
            dots.b.eq(self.b),
            dots.a_signed.eq(self.a_signed),
            dots.b_signed.eq(self.b_signed),
        ]
        for lane in range(BLOCK_ELEMENTS):
            partial = Signal(signed(LOW_BITS + DOT_BITS), name=f"partial_{lane}", reset_less=True)
            by_digit = Mux(self.shift == Shift.DIGIT, partial >> 4, partial)
            moved = Mux(self.first, 0, Mux(self.shift == Shift.BYTE, partial >> 8, by_digit))
            m.d.comb += [
                dots.addends[lane].eq(moved[LOW_BITS:]),
                self.products[lane].eq(partial[:PRODUCT_BITS]),
            ]
            with m.If(self.enable):
                m.d.sync += partial.eq(Cat(moved[:LOW_BITS], dots.sums[lane]))
        return m
