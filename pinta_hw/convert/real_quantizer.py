"""From an FP32 number to a mantissa of its block."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.placement import place
from pinta_hw.real.float32 import SIGNIFICAND_BITS, Float32
from pinta_hw.real.stages import Stages
from pinta_hw.smx import Width
from pinta_hw.spec.formats import DIGIT_BITS, EXPONENT_BITS, NAN_EXPONENT, SMX_BITS

_WIDEST = max(SMX_BITS)
_CUT_BITS = SIGNIFICAND_BITS - _WIDEST
"""Bits of a significand that lie below the guard bit of the widest mantissa."""
_SHIFT_BITS = 5
"""Amounts above 31 saturate: no mantissa of 15 bits and a guard bit reaches that far."""


class RealQuantizer(wiring.Component):
    """A mantissa as `pinta_hw.spec.formats` says: rounded half to even, saturated to the symmetric range.

    Both exponents have the same bias, so a block's stored exponent is the largest exponent field of its elements, and
    never less than this one's. A subnormal number counts as zero.

    Latency: `latency` cycles. Throughput: one a cycle; nothing stalls it.

    Members
    -------
    element : In(Float32)
    exponent : In(8)
        The block's stored exponent; all mantissas of a NaN block are zero.
    width : In(Width)
        Target format, constant while numbers are inside.
    valid : In(1)
        There is a number; without it the registers hold.
    mantissa : Out(signed(16))
    """

    element: In(Float32())
    exponent: In(EXPONENT_BITS)
    width: In(Width)
    valid: In(1)
    mantissa: Out(signed(_WIDEST))

    latency = 3

    def elaborate(self, platform):
        m = Module()
        stages = place(m, "stages", Stages(self.latency), platform)
        m.d.comb += [stages.valid.eq(self.valid), stages.advance.eq(1)]
        load_distance, load_alignment, load_mantissa = stages.load
        missing = (~self.width.as_value())[:2]  # planes that the format lacks

        # Cycle 1: how far to shift.
        element = self.element
        shift_wide = Signal(EXPONENT_BITS + 1)
        m.d.comb += shift_wide.eq((self.exponent - element.exponent)[:EXPONENT_BITS] + DIGIT_BITS * missing)
        significand = Signal(SIGNIFICAND_BITS, reset_less=True)
        shift = Signal(_SHIFT_BITS, reset_less=True)
        sign_1 = Signal(reset_less=True)
        counts = element.exponent.any() & (self.exponent != NAN_EXPONENT)
        with m.If(load_distance):
            m.d.sync += [
                significand.eq(Mux(counts, Cat(element.fraction, 1), 0)),
                shift.eq(shift_wide[:_SHIFT_BITS] | shift_wide[_SHIFT_BITS:].any().replicate(_SHIFT_BITS)),
                sign_1.eq(element.sign),
            ]

        # Cycle 2: shift right, remembering what fell off.
        value = significand[_CUT_BITS:]
        lost = [significand[:_CUT_BITS].any()]
        for level in reversed(range(_SHIFT_BITS)):
            step = 1 << level
            lost.append(shift[level] & value[:step].any())
            shifted = Signal(_WIDEST, name=f"shifted_{step}")
            m.d.comb += shifted.eq(Mux(shift[level], value >> step, value))
            value = shifted
        aligned = Signal(_WIDEST, reset_less=True)  # a magnitude and, below it, its guard bit
        sticky = Signal(reset_less=True)
        sign_2 = Signal(reset_less=True)
        with m.If(load_alignment):
            m.d.sync += [aligned.eq(value), sticky.eq(Cat(lost).any()), sign_2.eq(sign_1)]

        # Cycle 3: round, but not beyond the range; the sign.
        floor = aligned[1:]
        unused = Cat((self.width.as_value() < plane).replicate(DIGIT_BITS) for plane in range(len(SMX_BITS)))
        up = aligned[0] & (sticky | floor[0]) & ~(floor | unused[1:]).all()
        with m.If(load_mantissa):
            m.d.sync += self.mantissa.eq((Cat(floor, 0) ^ sign_2.replicate(_WIDEST)) + (up ^ sign_2))
        return m
