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
    """One shifter aligns the product ahead of a register, one the sum within the loop."""
    RUNNING_SHARED_SHIFTER = "running maximum, one shared shifter"
    """Sum and product swapped in front of one shifter within the loop."""
    KNOWN_MAXIMUM = "maximum known beforehand"
    """Only the product is shifted; the loop is an adder."""


class StudyAccumulator(wiring.Component):
    """One accumulator. ``products`` is taken one cycle after the exponent that belongs to it.

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

    @property
    def latency(self) -> int:
        """Cycles from the products at the port to the sums."""
        return 1 if self._variant is Variant.RUNNING_SHARED_SHIFTER else 2

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
                moved = Mux(alignment.beyond, sign.replicate(self._width), moving >> alignment.amount)
                total = (Mux(move_sum, product, sums[lane]) + moved.as_signed())[: self._width].as_signed()
            with m.If(arrived):
                m.d.sync += sums[lane].eq(total)

    def _build_two_shifters(self, m, sums, arrived, alignment):
        aligned_arrived = Signal()
        sum_amount = Signal(self._amount_bits, reset_less=True)
        sum_beyond = Signal(reset_less=True)
        clear = Signal(reset_less=True)
        m.d.sync += aligned_arrived.eq(arrived)
        with m.If(arrived):
            m.d.sync += [
                sum_amount.eq(Mux(alignment.move_sum, alignment.amount, 0)),
                sum_beyond.eq(alignment.move_sum & alignment.beyond),
                clear.eq(alignment.clear),
            ]
        amount = Mux(alignment.move_sum, 0, alignment.amount)
        beyond = ~alignment.move_sum & alignment.beyond
        for lane in range(BLOCK_ELEMENTS):
            aligned = self._aligned(m, lane, arrived, amount, beyond)
            sign = sums[lane][-1] & ~clear
            moved = Mux(sum_beyond, sign.replicate(self._width), sums[lane] >> sum_amount)
            with m.If(aligned_arrived):
                m.d.sync += sums[lane].eq(self._sum(moved, aligned))

    def _build_known_maximum(self, m, sums, arrived):
        distance = self.maximum - self.pair_exponent
        amount = Signal(self._amount_bits, reset_less=True)
        beyond = Signal(reset_less=True)
        start = Signal(2, reset_less=True)
        aligned_arrived = Signal()
        with m.If(self.enable):
            m.d.sync += [amount.eq(distance), beyond.eq(distance[self._amount_bits :].any()), start[0].eq(self.start)]
        with m.If(arrived):
            m.d.sync += start[1].eq(start[0])
        m.d.sync += aligned_arrived.eq(arrived)
        for lane in range(BLOCK_ELEMENTS):
            aligned = self._aligned(m, lane, arrived, amount, beyond)
            with m.If(aligned_arrived):
                m.d.sync += sums[lane].eq(self._sum(Mux(start[1], 0, sums[lane]), aligned))

    def _aligned(self, m, lane, enable, amount, beyond):
        """Register of the product after its shifter."""
        product = self.products[lane]
        aligned = Signal(signed(self._product_bits), name=f"aligned_{lane}", reset_less=True)
        with m.If(enable):
            m.d.sync += aligned.eq(Mux(beyond, product[-1].replicate(self._product_bits), product >> amount))
        return aligned

    def _sum(self, total, aligned):
        if not self._half_up:
            return (total + aligned)[: self._width].as_signed()
        extended = Cat(aligned[1:], aligned[-1].replicate(self._width - self._product_bits + 1))
        return (Cat(1, total) + Cat(aligned[0], extended))[1 : self._width + 1].as_signed()
