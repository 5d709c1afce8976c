"""From integers with an exponent to FP32."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.placement import place
from pinta_hw.real.float32 import SIGNIFICAND_BITS, Float32, Unrounded
from pinta_hw.real.leading_zeros import normalize
from pinta_hw.real.rounding import Rounding
from pinta_hw.real.stages import Stages


class RealRounding(wiring.Component):
    """``mantissa`` times a power of two, rounded to FP32 as `pinta_hw.spec.real` says.

    Half to even; a result below the normal numbers becomes the zero of its sign. Latency: `latency` cycles.
    Throughput: one a cycle; nothing stalls it.

    Parameters
    ----------
    mantissa_bits, exponent_bits : int
        Widths.
    rebias : int
        A mantissa whose leading one is bit ``p`` has the stored exponent ``p + exponent - rebias``.

    Members
    -------
    mantissa, exponent : In
        The number.
    nan : In(1)
        It is none.
    valid : In(1)
        It is there; without it the registers hold.
    result : Out(Float32)
    result_valid : Out(1)
    """

    latency = 3

    def __init__(self, mantissa_bits: int, exponent_bits: int, rebias: int):
        self._mantissa_bits = mantissa_bits
        self._exponent_bits = exponent_bits
        self._rebias = rebias
        super().__init__(
            {
                "mantissa": In(signed(mantissa_bits)),
                "exponent": In(exponent_bits),
                "nan": In(1),
                "valid": In(1),
                "result": Out(Float32()),
                "result_valid": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        stages = place(m, "stages", Stages(self.latency), platform)
        m.d.comb += [stages.valid.eq(self.valid), stages.advance.eq(1), self.result_valid.eq(stages.done)]
        load_magnitude, load_normal, load_result = stages.load

        # Cycle 1: the magnitude.
        negative = self.mantissa[-1]
        magnitude = Signal(self._mantissa_bits, reset_less=True)
        sign = Signal(reset_less=True)
        nan = Signal(reset_less=True)
        exponent = Signal(self._exponent_bits, reset_less=True)
        with m.If(load_magnitude):
            m.d.sync += [
                magnitude.eq((self.mantissa ^ negative.replicate(self._mantissa_bits)) + negative),
                sign.eq(negative),
                nan.eq(self.nan),
                exponent.eq(self.exponent),
            ]

        # Cycle 2: the leading one moves to the top, which sets the exponent.
        normal, zeros = normalize(m, magnitude)
        fraction = Cat(Const(0, max(0, SIGNIFICAND_BITS + 1 - self._mantissa_bits)), normal)
        nothing = ~normal[-1]
        unrounded = Signal(Unrounded(), reset_less=True)
        with m.If(load_normal):
            m.d.sync += [
                unrounded.significand.eq(fraction[-SIGNIFICAND_BITS:]),
                unrounded.guard.eq(fraction[-SIGNIFICAND_BITS - 1]),
                unrounded.sticky.eq(fraction[: -SIGNIFICAND_BITS - 1].any()),
                unrounded.exponent.eq(Mux(nothing, 0, exponent + (self._mantissa_bits - 1 - self._rebias) - zeros)),
                unrounded.special.sign.eq(sign),
                unrounded.special.nan.eq(nan),
                unrounded.special.infinite.eq(0),
                unrounded.special.zero.eq(nothing),
            ]

        # Cycle 3: rounding.
        rounding = place(m, "rounding", Rounding(), platform)
        result = Signal(Float32(), reset_less=True)
        m.d.comb += [rounding.i.eq(unrounded), self.result.eq(result)]
        with m.If(load_result):
            m.d.sync += result.eq(rounding.o)
        return m
