"""FP32 division."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..spec.real import (
    DIGIT_RECURRENCE_STEPS,
    FLOAT32_BIAS,
    FLOAT32_EXPONENT_BITS,
    QUOTIENT_BITS,
    REAL_TIMING,
    RealOperation,
)
from .float32 import SIGNIFICAND_BITS, Float32, Operand, OperandPair, Special, Unrounded
from .iteration import Iteration
from .rounding import Rounding


class Divider(wiring.Component):
    """``o = a / b`` as `pinta_hw.spec.real` says, by restoring division of the significands, two bits a cycle.

    Operands are accepted every `interval` cycles and their quotient is offered `latency` cycles later, whatever they
    are, unless the output is stalled.

    A quotient never lies in the middle between two significands (it would have 25 significant bits, and so would its
    product with the divisor, which is a significand of 24), so the guard bit alone decides the rounding.

    Members
    -------
    i : In(stream.Signature(OperandPair))
        ``ready`` depends on ``o.ready`` in the same cycle.
    o : Out(stream.Signature(Float32))
    """

    i: In(stream.Signature(OperandPair()))
    o: Out(stream.Signature(Float32()))

    latency = REAL_TIMING[RealOperation.DIVIDE].latency_cycles
    interval = REAL_TIMING[RealOperation.DIVIDE].interval_cycles

    def elaborate(self, platform):
        m = Module()
        m.submodules.iteration = iteration = Iteration(QUOTIENT_BITS // DIGIT_RECURRENCE_STEPS)
        m.d.comb += [
            iteration.i_valid.eq(self.i.valid),
            self.i.ready.eq(iteration.i_ready),
            self.o.valid.eq(iteration.o_valid),
            iteration.o_ready.eq(self.o.ready),
        ]
        exponent, special = self._build_exponent(m, iteration.load)
        quotient = self._build_quotient(m, iteration)

        one = quotient[-1]  # otherwise the quotient is below 1
        m.submodules.rounding = rounding = Rounding()
        unrounded = Signal(Unrounded())
        m.d.comb += [
            unrounded.significand.eq(Mux(one, quotient[2:], quotient[1:-1])),
            unrounded.guard.eq(Mux(one, quotient[1], quotient[0])),
            unrounded.sticky.eq(1),
            unrounded.exponent.eq(Mux(one, exponent, exponent - 1)),
            unrounded.special.eq(special),
            rounding.i.eq(unrounded),
        ]
        result = Signal(Float32(), reset_less=True)
        with m.If(iteration.finish):
            m.d.sync += result.eq(rounding.o)
        m.d.comb += self.o.p.eq(result)
        return m

    def _build_exponent(self, m, load):
        """The exponent of a quotient of at least 1, and what does not depend on the quotient."""
        a, b = self.i.p.a, self.i.p.b
        read_a, read_b = Operand.read(a), Operand.read(b)
        exponent = Signal(signed(FLOAT32_EXPONENT_BITS + 2), reset_less=True)
        special = Signal(Special(), reset_less=True)
        with m.If(load):
            m.d.sync += [
                exponent.eq(a.exponent - b.exponent + FLOAT32_BIAS),
                special.sign.eq(a.sign ^ b.sign),
                special.nan.eq(
                    read_a.nan | read_b.nan | (read_a.zero & read_b.zero) | (read_a.infinite & read_b.infinite)
                ),
                special.infinite.eq(read_a.infinite | read_b.zero),
                special.zero.eq(read_a.zero | read_b.infinite),
            ]
        return exponent, special

    def _build_quotient(self, m, iteration):
        """The quotient's bits enter from below; the remainder stays below twice the divisor."""
        divisor = Signal(SIGNIFICAND_BITS, reset_less=True)
        remainder = Signal(SIGNIFICAND_BITS + 1, reset_less=True)
        quotient = Signal(QUOTIENT_BITS, reset_less=True)
        rest, bits = remainder, quotient
        for step in range(DIGIT_RECURRENCE_STEPS):
            difference = Signal(signed(SIGNIFICAND_BITS + 2), name=f"difference_{step}")
            m.d.comb += difference.eq(rest - divisor)
            fits = ~difference[-1]
            kept = Mux(fits, difference[:SIGNIFICAND_BITS], rest[:SIGNIFICAND_BITS])
            rest, bits = Cat(Const(0, 1), kept), Cat(fits, bits[:-1])
        with m.If(iteration.load):
            m.d.sync += [
                divisor.eq(Operand.read(self.i.p.b).significand),
                remainder.eq(Operand.read(self.i.p.a).significand),
            ]
        with m.Elif(iteration.iterate):
            m.d.sync += [remainder.eq(rest), quotient.eq(bits)]
        return quotient
