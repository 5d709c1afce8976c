"""The partial sum with the most significant digit first, the alternative to `PartialSums`."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.array.control import Shift
from pinta_hw.array.dot import BYTE_PLANE_BITS, DigitDots
from pinta_hw.spec.formats import BLOCK_ELEMENTS, PLANE_BITS

MSB_FIRST_BITS = 34
"""A 16 x 16-bit dot product of four terms in full: left shifts push no bit out."""


class MsbFirstPartialSums(wiring.Component):
    """Sixteen partial sums that move left. Ports as those of `PartialSums`, products as integers.

    The adder spans the whole sum, and the binary point of the product depends on the precisions.
    """

    a: In(PLANE_BITS)
    b: In(BYTE_PLANE_BITS)
    a_signed: In(1)
    b_signed: In(1)
    first: In(1)
    shift: In(Shift)
    enable: In(1)
    products: Out(data.ArrayLayout(signed(MSB_FIRST_BITS), BLOCK_ELEMENTS))

    def elaborate(self, platform):
        m = Module()
        m.submodules.dots = dots = DigitDots(MSB_FIRST_BITS)
        m.d.comb += [
            dots.a.eq(self.a),
            dots.b.eq(self.b),
            dots.a_signed.eq(self.a_signed),
            dots.b_signed.eq(self.b_signed),
        ]
        for lane in range(BLOCK_ELEMENTS):
            partial = Signal(signed(MSB_FIRST_BITS), name=f"partial_{lane}", reset_less=True)
            by_digit = Mux(self.shift == Shift.DIGIT, partial << 4, partial)
            moved = Mux(self.first, 0, Mux(self.shift == Shift.BYTE, partial << 8, by_digit))
            m.d.comb += [dots.addends[lane].eq(moved), self.products[lane].eq(partial)]
            with m.If(self.enable):
                m.d.sync += partial.eq(dots.sums[lane])
        return m
