"""The last step of every FP32 operation."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..spec.real import FLOAT32_EXPONENT_BITS, FLOAT32_FRACTION_BITS
from .float32 import MAX_EXPONENT, SIGNIFICAND_BITS, Float32, Unrounded

_QUIET = 1 << (FLOAT32_FRACTION_BITS - 1)
"""Fraction of the one NaN that the units give."""


class Rounding(wiring.Component):
    """Rounds to nearest even, as `pinta_hw.spec.real` says. Combinational.

    Exponent 0 is that of magnitudes from 2^-127 up to 2^-126, where the result's last place counts 2^-149: one bit of
    the significand is too many. All of them vanish but those nearer to 2^-126 than to the place below it, or in the
    middle: the ones with every bit of the significand set. So there rounding goes up, and what does not carry vanishes.

    Members
    -------
    i : the exact result
    o : the rounded one
    """

    i: In(Unrounded())
    o: Out(Float32())

    def elaborate(self, platform):
        m = Module()
        exponent, significand, special = self.i.exponent, self.i.significand, self.i.special
        lowest, up, carry = Signal(), Signal(), Signal()
        m.d.comb += [
            lowest.eq(exponent == 0),
            up.eq((self.i.guard & (self.i.sticky | significand[0])) | lowest),
            carry.eq(significand.all() & up),
        ]
        rounded = Signal(SIGNIFICAND_BITS)  # a carry leaves a fraction of zero behind
        m.d.comb += rounded.eq(significand + up)
        stored = Signal(FLOAT32_EXPONENT_BITS)
        m.d.comb += stored.eq(Mux(carry, exponent + 1, exponent))

        overflow = exponent >= MAX_EXPONENT  # a carry into the highest exponent gives infinity by itself
        underflow = (exponent < 0) | (lowest & ~carry)
        with m.If(special.nan):
            m.d.comb += [self.o.sign.eq(0), self.o.exponent.eq(MAX_EXPONENT), self.o.fraction.eq(_QUIET)]
        with m.Else():
            m.d.comb += self.o.sign.eq(special.sign)
            with m.If(special.infinite | overflow):
                m.d.comb += [self.o.exponent.eq(MAX_EXPONENT), self.o.fraction.eq(0)]
            with m.Elif(special.zero | underflow):
                m.d.comb += [self.o.exponent.eq(0), self.o.fraction.eq(0)]
            with m.Else():
                m.d.comb += [self.o.exponent.eq(stored), self.o.fraction.eq(rounded)]
        return m
