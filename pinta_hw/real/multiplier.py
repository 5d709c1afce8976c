"""FP32 multiplication."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..spec.real import FLOAT32_BIAS, FLOAT32_EXPONENT_BITS, REAL_TIMING, RealOperation
from .float32 import SIGNIFICAND_BITS, Float32, Operand, OperandPair, Special, Unrounded
from .rounding import Rounding
from .stages import Stages

_HALF = SIGNIFICAND_BITS // 2
_PRODUCT_BITS = 2 * SIGNIFICAND_BITS
_STICKY_BITS = SIGNIFICAND_BITS - 2
"""Bits of a product that are below the guard bit wherever its leading one is."""


class Multiplier(wiring.Component):
    """``result = a * b`` as `pinta_hw.spec.real` says.

    One operation a cycle; its result stands at the output `latency` moves later. The pipeline moves with ``advance``
    and stays without.

    Members
    -------
    operands : In(OperandPair)
    valid : In(1)
        Operands are there.
    advance : In(1)
        Everything moves one stage; operands are taken.
    result : Out(Float32)
    result_valid : Out(1)
        A result is there; it is to be taken when the pipeline moves.
    """

    operands: In(OperandPair())
    valid: In(1)
    advance: In(1)
    result: Out(Float32())
    result_valid: Out(1)

    latency = REAL_TIMING[RealOperation.MULTIPLY].latency_cycles
    interval = REAL_TIMING[RealOperation.MULTIPLY].interval_cycles

    def elaborate(self, platform):
        m = Module()
        m.submodules.stages = stages = Stages(self.latency)
        m.d.comb += [
            stages.valid.eq(self.valid),
            stages.advance.eq(self.advance),
            self.result_valid.eq(stages.done),
        ]
        load_halves, load_product, load_result = stages.load
        halves = self._build_halves(m, load_halves)
        product = self._build_product(m, load_product, *halves)
        self._build_result(m, load_result, *product)
        return m

    def _build_halves(self, m, load):
        """Cycle 1: the product with each half of b's significand."""
        a, b = self.operands.a, self.operands.b
        read_a, read_b = Operand.read(a), Operand.read(b)
        low = Signal(SIGNIFICAND_BITS + _HALF, reset_less=True)
        high = Signal(SIGNIFICAND_BITS + _HALF, reset_less=True)
        exponents = Signal(FLOAT32_EXPONENT_BITS + 1, reset_less=True)
        special = Signal(Special(), name="special_1", reset_less=True)
        with m.If(load):
            m.d.sync += [
                low.eq(read_a.significand * read_b.significand[:_HALF]),
                high.eq(read_a.significand * read_b.significand[_HALF:]),
                exponents.eq(a.exponent + b.exponent),
                special.sign.eq(a.sign ^ b.sign),
                special.nan.eq(
                    read_a.nan | read_b.nan | (read_a.infinite & read_b.zero) | (read_a.zero & read_b.infinite)
                ),
                special.infinite.eq(read_a.infinite | read_b.infinite),
                special.zero.eq(read_a.zero | read_b.zero),
            ]
        return low, high, exponents, special

    def _build_product(self, m, load, low, high, exponents, special):
        """Cycle 2: their sum, and the exponent of a product below 2."""
        product = Signal(_PRODUCT_BITS)
        m.d.comb += product.eq(Cat(low[:_HALF], high + low[_HALF:]))
        above = Signal(_PRODUCT_BITS - _STICKY_BITS, reset_less=True)
        sticky = Signal(reset_less=True)
        exponent = Signal(signed(FLOAT32_EXPONENT_BITS + 2), reset_less=True)
        special_2 = Signal(Special(), reset_less=True)
        with m.If(load):
            m.d.sync += [
                above.eq(product[_STICKY_BITS:]),
                sticky.eq(product[:_STICKY_BITS].any()),
                exponent.eq(exponents - FLOAT32_BIAS),
                special_2.eq(special),
            ]
        return above, sticky, exponent, special_2

    def _build_result(self, m, load, above, sticky, exponent, special):
        """Cycle 3: the leading one is one of the two highest bits; rounding."""
        two = above[-1]
        unrounded = Signal(Unrounded())
        m.d.comb += [
            unrounded.significand.eq(Mux(two, above[2:], above[1:-1])),
            unrounded.guard.eq(Mux(two, above[1], above[0])),
            unrounded.sticky.eq(sticky | (two & above[0])),
            unrounded.exponent.eq(Mux(two, exponent + 1, exponent)),
            unrounded.special.eq(special),
        ]
        m.submodules.rounding = rounding = Rounding()
        m.d.comb += rounding.i.eq(unrounded)
        result = Signal(Float32(), reset_less=True)
        with m.If(load):
            m.d.sync += result.eq(rounding.o)
        m.d.comb += self.result.eq(result)
