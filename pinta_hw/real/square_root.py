"""FP32 square root."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..spec.real import (
    DIGIT_RECURRENCE_STEPS,
    FLOAT32_BIAS,
    FLOAT32_EXPONENT_BITS,
    FLOAT32_FRACTION_BITS,
    REAL_TIMING,
    ROOT_BITS,
    RealOperation,
)
from .float32 import Float32, Operand, Special, Unrounded
from .iteration import Iteration
from .rounding import Rounding


class SquareRoot(wiring.Component):
    """``o = sqrt(i)`` as `pinta_hw.spec.real` says, by restoring digit recurrence, two bits a cycle.

    An operand is accepted every `interval` cycles and its root is offered `latency` cycles later, whatever it is,
    unless the output is stalled.

    A root never lies in the middle between two significands (the square of a number of 25 significant bits has more
    than the operand's 24), so the guard bit alone decides the rounding.

    Members
    -------
    i : In(stream.Signature(Float32))
        ``ready`` depends on ``o.ready`` in the same cycle.
    o : Out(stream.Signature(Float32))
    """

    i: In(stream.Signature(Float32()))
    o: Out(stream.Signature(Float32()))

    latency = REAL_TIMING[RealOperation.SQUARE_ROOT].latency_cycles
    interval = REAL_TIMING[RealOperation.SQUARE_ROOT].interval_cycles

    def elaborate(self, platform):
        m = Module()
        m.submodules.iteration = iteration = Iteration(ROOT_BITS // DIGIT_RECURRENCE_STEPS)
        m.d.comb += [
            iteration.i_valid.eq(self.i.valid),
            self.i.ready.eq(iteration.i_ready),
            self.o.valid.eq(iteration.o_valid),
            iteration.o_ready.eq(self.o.ready),
        ]
        exponent, special = self._build_exponent(m, iteration.load)
        root = self._build_root(m, iteration)

        m.submodules.rounding = rounding = Rounding()
        unrounded = Signal(Unrounded())
        m.d.comb += [
            unrounded.significand.eq(root[1:]),
            unrounded.guard.eq(root[0]),
            unrounded.sticky.eq(1),
            unrounded.exponent.eq(exponent),
            unrounded.special.eq(special),
            rounding.i.eq(unrounded),
        ]
        result = Signal(Float32(), reset_less=True)
        with m.If(iteration.finish):
            m.d.sync += result.eq(rounding.o)
        m.d.comb += self.o.p.eq(result)
        return m

    def _build_exponent(self, m, load):
        """The root's exponent, half of the operand's, and what does not depend on the significand."""
        number, read = self.i.p, Operand.read(self.i.p)
        exponent = Signal(FLOAT32_EXPONENT_BITS, reset_less=True)
        special = Signal(Special(), reset_less=True)
        with m.If(load):
            m.d.sync += [
                exponent.eq((number.exponent + FLOAT32_BIAS) >> 1),
                special.sign.eq(number.sign),
                special.nan.eq(read.nan | (number.sign & ~read.zero)),
                special.infinite.eq(read.infinite),
                special.zero.eq(read.zero),
            ]
        return exponent, special

    def _build_root(self, m, iteration):
        """Two bits of the operand enter the remainder for each bit of the root.

        The operand lies between 1 and 4, so the root starts at 1 and the remainder at the operand's whole part less 1.
        It never exceeds twice the root; what the last bit leaves is not needed.
        """
        root = Signal(ROOT_BITS + 1, reset_less=True)
        remainder = Signal(ROOT_BITS + 1, reset_less=True)
        operand = Signal(FLOAT32_FRACTION_BITS + 1, reset_less=True)
        rest, found, unread = remainder, root, operand
        for step in range(DIGIT_RECURRENCE_STEPS):
            minuend = Cat(unread[-2:], rest)
            difference = Signal(signed(len(minuend) + 1), name=f"difference_{step}")
            m.d.comb += difference.eq(minuend - Cat(Const(0b01, 2), found[:-1]))
            fits = ~difference[-1]
            rest = Mux(fits, difference[: len(remainder)], minuend[: len(remainder)])
            found, unread = Cat(fits, found[:-1]), Cat(Const(0, 2), unread[:-2])
        fraction = self.i.p.fraction
        odd = ~self.i.p.exponent[0]  # of the unbiased exponent: the significand counts twice
        with m.If(iteration.load):
            m.d.sync += [
                root.eq(1),
                remainder.eq(Mux(odd, 1 + fraction[-1], 0)),
                operand.eq(Mux(odd, fraction << 2, fraction << 1)),
            ]
        with m.Elif(iteration.iterate):
            m.d.sync += [remainder.eq(rest), root.eq(found), operand.eq(unread)]
        return root
