"""A spatially fused unit, in the manner of Bit Fusion (Sharma et al., ISCA 2018), of the block unit's throughput."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.array.accumulator import aligned_sum
from pinta_hw.array.control import AccumulatorBlock
from pinta_hw.array.dot import BYTE_BITS, BYTE_PLANE_BITS, DOT_BITS, correction, partial_products
from pinta_hw.array.partial_sum import LOW_BITS, PRODUCT_BITS
from pinta_hw.array.running_maximum import RunningMaximum
from pinta_hw.spec.accumulator import PAIR_EXPONENT_BITS
from pinta_hw.spec.formats import BLOCK_SIDE, DIGIT_BITS, PLANE_BITS

FUSED_LOW_BITS = BYTE_BITS + DIGIT_BITS
"""Digits of weight below the top one; all are kept until the last byte plane of B has been added."""
FUSED_BITS = FUSED_LOW_BITS + DOT_BITS


class Fusion(enum.Enum, shape=2):
    """Digits of A that one cycle multiplies. SMX-12 runs as sixteen bits: three bricks do not fuse."""

    ONE = 0
    TWO = 1
    FOUR = 2


class FusedUnit(wiring.Component):
    """64 bricks of 4 x 8 bits. Rows of bricks are fused to multiply wider elements of A, of fewer rows of the block:
    a k-block takes one cycle at 4 bits, two at 8, four at 16, and twice that for a 16-bit B.

    Members
    -------
    a : digit (i, k) at bit ``4 * (4i + k)``; row i of bricks holds a digit of the rows in turn, lowest digit first
    b : byte (k, c) at bit ``8 * (4k + c)``
    valid, fusion : whether there is a step, and how A is cut
    part : which part of the rows of A the step is
    b_first, b_last : first and last byte plane of B (the last is signed)
    start, finish : first and last k-block of the contraction
    last : last step of the k-block
    pair_exponent, zero, nan, advance, capture, complete, result : as in `BlockUnit`; the first three count
        with the k-block's first step
    """

    a: In(PLANE_BITS)
    b: In(BYTE_PLANE_BITS)
    valid: In(1)
    fusion: In(Fusion)
    part: In(2)
    b_first: In(1)
    b_last: In(1)
    start: In(1)
    finish: In(1)
    last: In(1)
    pair_exponent: In(PAIR_EXPONENT_BITS)
    zero: In(1)
    nan: In(1)
    advance: In(1)
    capture: In(1)
    complete: Out(1)
    result: Out(AccumulatorBlock())

    latency = 4

    _CONTROL = ("fusion", "part", "b_first", "b_last", "start", "finish", "last", "pair_exponent", "zero", "nan")

    def elaborate(self, platform):
        m = Module()
        m.submodules.running_maximum = running = RunningMaximum()

        # Stage 1: operands.
        stage_1 = self._stage(m, {name: getattr(self, name) for name in ("a", "b", *self._CONTROL)}, self.valid, 1)
        # Stage 2: bricks.
        dots = {
            f"dot_{row}_{column}": self._dot(stage_1, row, column)
            for row in range(BLOCK_SIDE)
            for column in range(BLOCK_SIDE)
        }
        stage_2 = self._stage(m, dots | {name: stage_1[name] for name in self._CONTROL}, stage_1["valid"], 2)
        # Stage 3: fusion, byte planes of B, alignment.
        m.d.comb += [
            running.pair_exponent.eq(stage_2["pair_exponent"]),
            running.zero.eq(stage_2["zero"]),
            running.nan.eq(stage_2["nan"]),
            running.start.eq(stage_2["start"]),
            running.enable.eq(self.advance & stage_2["valid"] & stage_2["b_first"] & (stage_2["part"] == 0)),
        ]
        partials = [self._partial_sums(m, stage_2, column) for column in range(BLOCK_SIDE)]
        kept = ("fusion", "part", "b_last", "finish", "last")
        stage_3 = self._stage(m, {name: stage_2[name] for name in kept}, stage_2["valid"], 3)
        # Stage 4: accumulator.
        sums = Signal.like(self.result.mantissas, reset_less=True)
        exponent = Signal(PAIR_EXPONENT_BITS, reset_less=True)
        is_nan, complete = Signal(reset_less=True), Signal()
        added = self.advance & stage_3["valid"] & stage_3["b_last"]
        with m.If(self.advance):
            m.d.sync += complete.eq(stage_3["valid"] & stage_3["last"] & stage_3["finish"])
        with m.If(added):
            m.d.sync += [exponent.eq(running.exponent), is_nan.eq(running.is_nan)]
        fusion, part = stage_3["fusion"], stage_3["part"]
        for row in range(BLOCK_SIDE):
            ours = Mux(
                fusion == Fusion.ONE,
                1,
                Mux(fusion == Fusion.TWO, part[0] == row // 2, part == row),
            )
            for column in range(BLOCK_SIDE):
                lane = BLOCK_SIDE * row + column
                one, two, four = (partials[column][i] for i in (row, row % 2, 0))
                product = Mux(fusion == Fusion.ONE, one, Mux(fusion == Fusion.TWO, two, four)).as_signed()
                total = aligned_sum(m, str(lane), sums[lane], product, running.alignment)
                with m.If(added & ours):
                    m.d.sync += sums[lane].eq(total)
        m.d.comb += self.complete.eq(complete)

        result = Signal(AccumulatorBlock(), reset_less=True)
        m.d.comb += self.result.eq(result)
        with m.If(self.capture):
            m.d.sync += [result.mantissas.eq(sums), result.exponent.eq(exponent), result.nan.eq(is_nan)]
        return m

    def _stage(self, m, values, valid, number):
        """Registers of one pipeline stage, by name; ``valid`` among them."""
        registers = {"valid": Signal(name=f"valid_{number}")}
        with m.If(self.advance):
            m.d.sync += registers["valid"].eq(valid)
        for name, value in values.items():
            registers[name] = Signal.like(value, name=f"{name}_{number}", reset_less=True)
            with m.If(self.advance & valid):
                m.d.sync += registers[name].eq(value)
        return registers

    def _dot(self, stage, row, column):
        """One row of four bricks: a 4-term dot product."""
        fusion = stage["fusion"]
        top_of = {0: fusion == Fusion.ONE, 1: fusion != Fusion.FOUR, 2: fusion == Fusion.ONE, 3: Const(1, 1)}
        a_signed, b_signed = top_of[row], stage["b_last"]
        total = Const(0, 1)
        for k in range(BLOCK_SIDE):
            digit = stage["a"].word_select(BLOCK_SIDE * row + k, DIGIT_BITS)
            byte = stage["b"].word_select(BLOCK_SIDE * k + column, BYTE_BITS)
            for partial_product in partial_products(digit, byte, a_signed, b_signed):
                total = total + partial_product
        constants = [[Const(correction(i, j) % (1 << DOT_BITS), DOT_BITS) for j in range(2)] for i in range(2)]
        common = Mux(a_signed, Mux(b_signed, *reversed(constants[1])), Mux(b_signed, *reversed(constants[0])))
        return (total + common)[:DOT_BITS].as_signed()

    def _partial_sums(self, m, stage, column):
        """Four partial sums of one column of the block; the top digit's unit is at bit `FUSED_LOW_BITS`."""
        dots = [stage[f"dot_{row}_{column}"] for row in range(BLOCK_SIDE)]
        pairs = [(dots[2 * i + 1] << DIGIT_BITS) + dots[2 * i] for i in range(2)]
        four = ((pairs[1] << BYTE_BITS) + pairs[0])[:FUSED_BITS]
        ones = [Cat(Const(0, FUSED_LOW_BITS), dot)[:FUSED_BITS] for dot in dots]
        twos = [Cat(Const(0, FUSED_LOW_BITS - DIGIT_BITS), pair)[:FUSED_BITS] for pair in pairs]
        fusion = stage["fusion"]
        products = [
            Mux(fusion == Fusion.ONE, ones[0], Mux(fusion == Fusion.TWO, twos[0], four)),
            Mux(fusion == Fusion.ONE, ones[1], twos[1]),
            ones[2],
            ones[3],
        ]
        partials = []
        for row, product in enumerate(products):
            partial = Signal(signed(FUSED_BITS), name=f"partial_{row}_{column}", reset_less=True)
            moved = Mux(stage["b_first"], 0, partial >> BYTE_BITS)
            with m.If(self.advance & stage["valid"]):
                m.d.sync += partial.eq(moved + product.as_signed())
            partials.append(partial[FUSED_LOW_BITS - LOW_BITS :][:PRODUCT_BITS])
        return partials
