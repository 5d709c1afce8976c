"""A unit for INT8 only, of the block unit's INT8 throughput."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.array.accumulator import aligned_sum
from pinta_hw.array.control import AccumulatorBlock
from pinta_hw.array.dot import BYTE_BITS, BYTE_PLANE_BITS, correction, partial_products
from pinta_hw.array.partial_sum import PRODUCT_BITS
from pinta_hw.array.running_maximum import RunningMaximum
from pinta_hw.spec.accumulator import PAIR_EXPONENT_BITS
from pinta_hw.spec.formats import BLOCK_ELEMENTS, BLOCK_SIDE, DIGIT_BITS

LANES = BLOCK_ELEMENTS // 2
INT8_DOT_BITS = 17


class FixedInt8Unit(wiring.Component):
    """32 multipliers of 8 x 8 bits; a k-block takes two cycles, two rows of A each. The block unit's accumulator.

    Members
    -------
    a : byte (r, k) of two rows at bit ``8 * (4r + k)``
    b : byte (k, c) at bit ``8 * (4k + c)``
    valid, lower : whether there is a step, and whether it is the k-block's second (rows 2 and 3)
    start, finish : first and last k-block of the contraction
    pair_exponent, zero, nan, advance, capture, complete, result : as in `BlockUnit`; the first three count
        with the k-block's first step
    """

    a: In(LANES * BYTE_BITS)
    b: In(BYTE_PLANE_BITS)
    valid: In(1)
    lower: In(1)
    start: In(1)
    finish: In(1)
    pair_exponent: In(PAIR_EXPONENT_BITS)
    zero: In(1)
    nan: In(1)
    advance: In(1)
    capture: In(1)
    complete: Out(1)
    result: Out(AccumulatorBlock())

    latency = 3

    def elaborate(self, platform):
        m = Module()
        m.submodules.running_maximum = running = RunningMaximum()

        # Stage 1: operands.
        captured = {}
        for name in ("a", "b", "lower", "start", "finish", "pair_exponent", "zero", "nan"):
            port = getattr(self, name)
            captured[name] = Signal.like(port, name=f"captured_{name}", reset_less=True)
            with m.If(self.advance & self.valid):
                m.d.sync += captured[name].eq(port)
        valid = Signal()
        with m.If(self.advance):
            m.d.sync += valid.eq(self.valid)

        # Stage 2: products and alignment.
        lower = Signal(reset_less=True)
        block_valid, tile_done = Signal(), Signal()
        m.d.comb += [
            running.pair_exponent.eq(captured["pair_exponent"]),
            running.zero.eq(captured["zero"]),
            running.nan.eq(captured["nan"]),
            running.start.eq(captured["start"]),
            running.enable.eq(self.advance & valid & ~captured["lower"]),
        ]
        with m.If(self.advance):
            m.d.sync += [block_valid.eq(valid), tile_done.eq(valid & captured["lower"] & captured["finish"])]
        with m.If(self.advance & valid):
            m.d.sync += lower.eq(captured["lower"])
        dots = []
        for lane in range(LANES):
            dot = Signal(signed(INT8_DOT_BITS), name=f"dot_{lane}", reset_less=True)
            with m.If(self.advance & valid):
                m.d.sync += dot.eq(_int8_dot(captured["a"], captured["b"], *divmod(lane, BLOCK_SIDE)))
            dots.append(dot)

        # Stage 3: accumulator.
        sums = Signal.like(self.result.mantissas, reset_less=True)
        exponent = Signal(PAIR_EXPONENT_BITS, reset_less=True)
        is_nan, complete = Signal(reset_less=True), Signal()
        with m.If(self.advance):
            m.d.sync += complete.eq(tile_done)
        with m.If(self.advance & block_valid):
            m.d.sync += [exponent.eq(running.exponent), is_nan.eq(running.is_nan)]
        for lane, dot in enumerate(dots):
            product = Cat(Const(0, PRODUCT_BITS - INT8_DOT_BITS), dot).as_signed()
            before = Mux(lower, sums[lane + LANES], sums[lane])
            after = aligned_sum(m, str(lane), before, product, running.alignment)
            with m.If(self.advance & block_valid & ~lower):
                m.d.sync += sums[lane].eq(after)
            with m.If(self.advance & block_valid & lower):
                m.d.sync += sums[lane + LANES].eq(after)
        m.d.comb += self.complete.eq(complete)

        result = Signal(AccumulatorBlock(), reset_less=True)
        m.d.comb += self.result.eq(result)
        with m.If(self.capture):
            m.d.sync += [result.mantissas.eq(sums), result.exponent.eq(exponent), result.nan.eq(is_nan)]
        return m


def _int8_dot(a, b, row, column):
    """A 4-term dot product: of each byte of A, the low digit is unsigned and the high one signed."""
    total = Const(0, 1)
    for k in range(BLOCK_SIDE):
        byte = b.word_select(BLOCK_SIDE * k + column, BYTE_BITS)
        for high in range(2):
            digit = a.word_select(2 * (BLOCK_SIDE * row + k) + high, DIGIT_BITS)
            for partial_product in partial_products(digit, byte, Const(high, 1), Const(1, 1)):
                total = total + Cat(Const(0, DIGIT_BITS * high), partial_product)
    constant = correction(0, 1) + (correction(1, 1) << DIGIT_BITS)
    return (total + Const(constant % (1 << INT8_DOT_BITS), INT8_DOT_BITS))[:INT8_DOT_BITS].as_signed()
