"""Sums of products over the parts of a stack, in block-floating accumulators."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..array.accumulator import aligned_sum
from ..array.control import AccumulatorBlock
from ..array.partial_sum import PRODUCT_FRACTION_BITS
from ..array.running_maximum import RunningMaximum
from ..placement import place
from ..spec.accumulator import ACCUMULATOR_BITS, PAIR_EXPONENT_BITS
from ..spec.formats import BLOCK_ELEMENTS
from .term import TERM_BITS, TERM_FRACTION_BITS

_DROPPED_BITS = TERM_FRACTION_BITS - PRODUCT_FRACTION_BITS
"""Of a product, below the bit that rounds: they cannot change the result."""
BLOCKS = 2
"""Blocks whose sums are held."""


class PartSums(wiring.Component):
    """Two accumulators of `pinta_hw.spec.accumulator` whose ``P`` is the product of two lanes.

    Blocks take turns: one, the other, the next part of the one, and so on; between them may be any number of
    cycles. Latency `latency` from a product's exponent to the sums with it, one product a cycle.

    Members
    -------
    valid, first : a product comes, the first one of its sum
    exponent, zero, nan : its pair exponent; whether an operand block is all zeros, or NaN
    integers : the product itself, one cycle later
    sums : the accumulator that was added to last
    """

    valid: In(1)
    first: In(1)
    exponent: In(PAIR_EXPONENT_BITS)
    zero: In(1)
    nan: In(1)
    integers: In(data.ArrayLayout(signed(TERM_BITS), BLOCK_ELEMENTS))
    sums: Out(AccumulatorBlock())

    latency = 2

    def elaborate(self, platform):
        m = Module()
        # Cycle 1: the exponent, and with it the alignment.
        turn, turn_before, adding = Signal(), Signal(), Signal()
        m.d.sync += [adding.eq(self.valid), turn_before.eq(turn)]
        with m.If(self.valid):
            m.d.sync += turn.eq(~turn)
        maxima = [place(m, f"maximum_{n}", RunningMaximum(), platform) for n in range(BLOCKS)]
        for index, maximum in enumerate(maxima):
            m.d.comb += [
                maximum.pair_exponent.eq(self.exponent),
                maximum.zero.eq(self.zero),
                maximum.nan.eq(self.nan),
                maximum.start.eq(self.first),
                maximum.enable.eq(self.valid & (turn == index)),
            ]

        # Cycle 2: the sums. The accumulators change places, so that the same one is always added to.
        alignment = Signal.like(maxima[0].alignment)
        m.d.comb += alignment.as_value().eq(Mux(turn_before, *(n.alignment.as_value() for n in reversed(maxima))))
        last = Signal(AccumulatorBlock(), reset_less=True)
        waiting = Signal(data.ArrayLayout(signed(ACCUMULATOR_BITS), BLOCK_ELEMENTS), reset_less=True)
        m.d.comb += self.sums.eq(last)
        with m.If(adding):
            m.d.sync += [
                waiting.eq(last.mantissas),
                last.exponent.eq(Mux(turn_before, *(n.exponent for n in reversed(maxima)))),
                last.nan.eq(Mux(turn_before, *(n.is_nan for n in reversed(maxima)))),
            ]
            for lane in range(BLOCK_ELEMENTS):
                product = self.integers[lane] >> _DROPPED_BITS
                m.d.sync += last.mantissas[lane].eq(aligned_sum(m, str(lane), waiting[lane], product, alignment))
        return m
