"""Block-floating accumulators to choose from: sixteen lanes each, with the logic of their exponent."""

import enum

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.array.accumulator import aligned_sum
from pinta_hw.array.running_maximum import RunningMaximum
from pinta_hw.spec.accumulator import GROWTH_BITS, PAIR_EXPONENT_BITS, PRODUCT_INTEGER_BITS
from pinta_hw.spec.formats import BLOCK_ELEMENTS


class Variant(enum.Enum):
    """Where the shifters sit."""

    RUNNING_TWO_SHIFTERS = "running maximum, two shifters"
    """One for the product, one for the sum."""
    RUNNING_SHARED_SHIFTER = "running maximum, one shared shifter"
    """Sum and product swapped in front of it."""
    KNOWN_MAXIMUM = "maximum known beforehand"
    """Only the product is shifted."""


class StudyAccumulator(wiring.Component):
    """One accumulator. ``products`` is taken one cycle after the exponent that belongs to it. Latency 1 from there.

    Parameters
    ----------
    variant : Variant
    width : int
        Accumulator bits; 15 of them are integer bits.
    half_up : bool
        Whether a product is rounded half up when it is aligned; otherwise it is cut off (floor).

    Members
    -------
    products : 4-term dot products, with the accumulator's fraction bits and, if ``half_up``, one more
    pair_exponent, zero, start, enable : of the k-block, as in `RunningMaximum`
    maximum : largest pair exponent of the contraction; only `Variant.KNOWN_MAXIMUM` reads it
    sums : the registered sums
    """

    def __init__(self, variant: Variant, width: int, half_up: bool):
        self._variant = variant
        self._width = width
        self._half_up = half_up
        self._product_bits = width - GROWTH_BITS + int(half_up)
        self._amount_bits = (width - 1).bit_length()
        super().__init__(
            {
                "products": In(data.ArrayLayout(signed(self._product_bits), BLOCK_ELEMENTS)),
                "pair_exponent": In(PAIR_EXPONENT_BITS),
                "maximum": In(PAIR_EXPONENT_BITS),
                "zero": In(1),
                "start": In(1),
                "enable": In(1),
                "sums": Out(data.ArrayLayout(signed(width), BLOCK_ELEMENTS)),
            }
        )

    @property
    def fraction_bits(self) -> int:
        """Fraction bits of the sums."""
        return self._width - PRODUCT_INTEGER_BITS - GROWTH_BITS

    def elaborate(self, platform):
        m = Module()
        sums = Signal.like(self.sums, reset_less=True)
        arrived = Signal()
        m.d.comb += self.sums.eq(sums)
        m.d.sync += arrived.eq(self.enable)
        if self._variant is Variant.KNOWN_MAXIMUM:
            self._build_known_maximum(m, sums, arrived)
            return m
        m.submodules.running_maximum = running = RunningMaximum(self._amount_bits)
        m.d.comb += [
            running.pair_exponent.eq(self.pair_exponent),
            running.zero.eq(self.zero),
            running.start.eq(self.start),
            running.enable.eq(self.enable),
        ]
        if self._variant is Variant.RUNNING_SHARED_SHIFTER:
            self._build_shared_shifter(m, sums, arrived, running.alignment)
        else:
            self._build_two_shifters(m, sums, arrived, running.alignment)
        return m

    def _build_shared_shifter(self, m, sums, arrived, alignment):
        for lane in range(BLOCK_ELEMENTS):
            product = self.products[lane]
            if self._half_up:
                total = aligned_sum(m, str(lane), sums[lane], product, alignment)
            else:
                move_sum = alignment.move_sum
                moving = Mux(move_sum, sums[lane], product)
                sign = moving[-1] & ~alignment.clear
                moved = Mux(alignment.beyond, sign.replicate(self._width).as_signed(), moving >> alignment.amount)
                total = (Mux(move_sum, product, sums[lane]) + moved.as_signed())[: self._width].as_signed()
            with m.If(arrived):
                m.d.sync += sums[lane].eq(total)

    def _build_two_shifters(self, m, sums, arrived, alignment):
        # Which of the two moves is folded into the amounts, one gate for all lanes.
        sum_amount = Mux(alignment.move_sum, alignment.amount, 0)
        sum_beyond = alignment.move_sum & alignment.beyond
        product_amount = Mux(alignment.move_sum, 0, alignment.amount)
        product_beyond = ~alignment.move_sum & alignment.beyond
        for lane in range(BLOCK_ELEMENTS):
            sign = sums[lane][-1] & ~alignment.clear
            moved = Mux(sum_beyond, sign.replicate(self._width).as_signed(), sums[lane] >> sum_amount)
            with m.If(arrived):
                m.d.sync += sums[lane].eq(self._sum(moved, self._aligned(lane, product_amount, product_beyond)))

    def _build_known_maximum(self, m, sums, arrived):
        distance = self.maximum - self.pair_exponent
        amount = Signal(self._amount_bits, reset_less=True)
        beyond = Signal(reset_less=True)
        start = Signal(reset_less=True)
        with m.If(self.enable):
            m.d.sync += [amount.eq(distance), beyond.eq(distance[self._amount_bits :].any()), start.eq(self.start)]
        for lane in range(BLOCK_ELEMENTS):
            with m.If(arrived):
                m.d.sync += sums[lane].eq(self._sum(Mux(start, 0, sums[lane]), self._aligned(lane, amount, beyond)))

    def _aligned(self, lane, amount, beyond):
        product = self.products[lane]
        return Mux(beyond, product[-1].replicate(self._product_bits).as_signed(), product >> amount)

    def _sum(self, total, aligned):
        if not self._half_up:
            return (total + aligned)[: self._width].as_signed()
        extended = Cat(aligned[1:], aligned[-1].replicate(self._width - self._product_bits + 1))
        return (Cat(1, total) + Cat(aligned[0], extended))[1 : self._width + 1].as_signed()
