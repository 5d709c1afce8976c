"""FP32 addition and subtraction."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..spec.real import FLOAT32_EXPONENT_BITS, REAL_TIMING, RealOperation
from .float32 import SIGNIFICAND_BITS, Float32, Operand, OperandPair, Special, Unrounded
from .leading_zeros import normalize
from .rounding import Rounding
from .stages import Stages

_EXTRA_BITS = 3
"""Guard, round and sticky bit of the aligned operand: a difference moves up by more than one place only where the
operands were at most one place apart, and then nothing was cut off."""
_ALIGNED_BITS = SIGNIFICAND_BITS + _EXTRA_BITS
_SHIFT_BITS = 5
"""A shift of 26 already leaves nothing but the sticky bit, so amounts above 31 saturate."""


class Adder(wiring.Component):
    """``result = a + b``, or ``a - b``, as `pinta_hw.spec.real` says.

    One operation a cycle; its result stands at the output `latency` moves later. The pipeline moves with ``advance``
    and stays without.

    Members
    -------
    operands : In(OperandPair)
    subtract : In(1)
    valid : In(1)
        Operands are there.
    advance : In(1)
        Everything moves one stage; operands are taken.
    result : Out(Float32)
    result_valid : Out(1)
        A result is there; it is to be taken when the pipeline moves.
    """

    operands: In(OperandPair())
    subtract: In(1)
    valid: In(1)
    advance: In(1)
    result: Out(Float32())
    result_valid: Out(1)

    latency = REAL_TIMING[RealOperation.ADD].latency_cycles
    interval = REAL_TIMING[RealOperation.ADD].interval_cycles

    def elaborate(self, platform):
        m = Module()
        m.submodules.stages = stages = Stages(self.latency)
        m.d.comb += [
            stages.valid.eq(self.valid),
            stages.advance.eq(self.advance),
            self.result_valid.eq(stages.done),
        ]
        load_order, load_sum, load_normal, load_result = stages.load
        ordered = self._build_order(m, load_order)
        total = self._build_sum(m, load_sum, *ordered)
        unrounded = self._build_normal(m, load_normal, *total)
        m.submodules.rounding = rounding = Rounding()
        m.d.comb += rounding.i.eq(unrounded)
        result = Signal(Float32(), reset_less=True)
        with m.If(load_result):
            m.d.sync += result.eq(rounding.o)
        m.d.comb += self.result.eq(result)
        return m

    def _build_order(self, m, load):
        """Cycle 1: which magnitude is larger, and by how many places the exponents differ."""
        a, b = self.operands.a, self.operands.b
        read_a, read_b = Operand.read(a), Operand.read(b)
        b_sign, opposite, b_larger = Signal(), Signal(), Signal()
        m.d.comb += [
            b_sign.eq(b.sign ^ self.subtract),
            opposite.eq(a.sign ^ b_sign),
            b_larger.eq(Cat(b.fraction, b.exponent) > Cat(a.fraction, a.exponent)),
        ]
        ahead, behind = Signal(FLOAT32_EXPONENT_BITS), Signal(FLOAT32_EXPONENT_BITS)
        distance = Signal(FLOAT32_EXPONENT_BITS)
        m.d.comb += [
            ahead.eq(a.exponent - b.exponent),
            behind.eq(b.exponent - a.exponent),
            distance.eq(Mux(b_larger, behind, ahead)),
        ]

        def significand(number, read):
            return Cat(number.fraction & (~read.zero).replicate(len(number.fraction)), ~read.zero)

        a_significand, b_significand = significand(a, read_a), significand(b, read_b)
        larger = Signal(SIGNIFICAND_BITS, reset_less=True)
        smaller = Signal(SIGNIFICAND_BITS, reset_less=True)
        exponent = Signal(FLOAT32_EXPONENT_BITS, reset_less=True)
        shift = Signal(_SHIFT_BITS, reset_less=True)
        subtract = Signal(reset_less=True)
        special = Signal(Special(), name="special_1", reset_less=True)
        with m.If(load):
            m.d.sync += [
                larger.eq(Mux(b_larger, b_significand, a_significand)),
                smaller.eq(Mux(b_larger, a_significand, b_significand)),
                exponent.eq(Mux(b_larger, b.exponent, a.exponent)),
                shift.eq(distance[:_SHIFT_BITS] | distance[_SHIFT_BITS:].any().replicate(_SHIFT_BITS)),
                subtract.eq(opposite),
                special.sign.eq(Mux(b_larger, b_sign, a.sign)),
                special.nan.eq(read_a.nan | read_b.nan | (read_a.infinite & read_b.infinite & opposite)),
                special.infinite.eq(read_a.infinite | read_b.infinite),
                special.zero.eq(0),
            ]
        return larger, smaller, exponent, shift, subtract, special

    def _build_sum(self, m, load, larger, smaller, exponent, shift, subtract, special):
        """Cycle 2: the smaller operand moves to its place; the sum, which is never negative."""
        aligned = Cat(Const(0, _EXTRA_BITS), smaller)
        lost = []
        for level in reversed(range(_SHIFT_BITS)):
            step = 1 << level
            lost.append(shift[level] & aligned[:step].any())
            shifted = Signal(_ALIGNED_BITS, name=f"shifted_{step}")
            m.d.comb += shifted.eq(Mux(shift[level], aligned >> step, aligned))
            aligned = shifted
        addend = Cat(aligned[0] | Cat(lost).any(), aligned[1:])
        # A carry enters as two ones below the lowest place.
        with_carry = Signal(_ALIGNED_BITS + 2)
        m.d.comb += with_carry.eq(
            Cat(subtract, Const(0, _EXTRA_BITS), larger) + Cat(subtract, addend ^ subtract.replicate(_ALIGNED_BITS))
        )
        total = Signal(_ALIGNED_BITS + 1, reset_less=True)
        exponent_2 = Signal(FLOAT32_EXPONENT_BITS, reset_less=True)
        subtracted = Signal(reset_less=True)
        special_2 = Signal(Special(), reset_less=True)
        with m.If(load):
            m.d.sync += [
                total.eq(Cat(with_carry[1:-1], with_carry[-1] & ~subtract)),
                exponent_2.eq(exponent),
                subtracted.eq(subtract),
                special_2.eq(special),
            ]
        return total, exponent_2, subtracted, special_2

    def _build_normal(self, m, load, total, exponent, subtracted, special):
        """Cycle 3: the leading one moves to the top. A difference of nothing is +0."""
        normal, zeros = normalize(m, total)
        nothing = Signal()
        m.d.comb += nothing.eq(~normal[-1])
        unrounded = Signal(Unrounded(), reset_less=True)
        with m.If(load):
            m.d.sync += [
                unrounded.sticky.eq(normal[:_EXTRA_BITS].any()),
                unrounded.guard.eq(normal[_EXTRA_BITS]),
                unrounded.significand.eq(normal[_EXTRA_BITS + 1 :]),
                unrounded.exponent.eq(exponent + 1 - zeros),
                unrounded.special.eq(special),
                unrounded.special.zero.eq(nothing),
                unrounded.special.sign.eq(special.sign & ~(nothing & subtracted)),
            ]
        return unrounded
