"""The mantissas of a block-floating accumulator."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..spec.accumulator import ACCUMULATOR_BITS
from ..spec.formats import BLOCK_ELEMENTS
from .partial_sum import PRODUCT_BITS
from .running_maximum import Alignment


class Accumulator(wiring.Component):
    """Sixteen aligned sums: steps 3 and 4 of the contract in `pinta_hw.spec.accumulator`.
    Latency 1, one k-block a cycle.

    Only one of the two summands ever moves, so a lane has one shifter: the two are swapped in front of it.
    The bit below the accumulator's fraction is the product's round bit and enters the adder as its carry.

    Members
    -------
    products : with one fraction bit more than the accumulator
    alignment : as `RunningMaximum` gives it
    enable : whether there is a k-block; without it the sums stay
    sums : the registered sums
    """

    products: In(data.ArrayLayout(signed(PRODUCT_BITS), BLOCK_ELEMENTS))
    alignment: In(Alignment())
    enable: In(1)
    sums: Out(data.ArrayLayout(signed(ACCUMULATOR_BITS), BLOCK_ELEMENTS))

    def elaborate(self, platform):
        m = Module()
        sums = Signal.like(self.sums, reset_less=True)
        m.d.comb += self.sums.eq(sums)
        swap = self.alignment.move_sum
        for lane in range(BLOCK_ELEMENTS):
            product = Signal(signed(ACCUMULATOR_BITS + 1), name=f"product_{lane}")
            total = Signal(signed(ACCUMULATOR_BITS + 1), name=f"total_{lane}")
            moving = Signal(signed(ACCUMULATOR_BITS + 1), name=f"moving_{lane}")
            staying = Signal(signed(ACCUMULATOR_BITS), name=f"staying_{lane}")
            moved = Signal(signed(ACCUMULATOR_BITS + 1), name=f"moved_{lane}")
            sign = Signal(name=f"sign_{lane}")
            carry = Signal(name=f"carry_{lane}")
            m.d.comb += [
                product.eq(self.products[lane]),
                total.eq(Cat(0, sums[lane]).as_signed()),
                moving.eq(Mux(swap, total, product)),
                staying.eq(Mux(swap, product, total)[1:]),
                sign.eq(moving[-1] & ~self.alignment.clear),
                moved.eq(
                    Mux(self.alignment.beyond, sign.replicate(ACCUMULATOR_BITS + 1), moving >> self.alignment.amount)
                ),
                carry.eq(Mux(swap, product[0], moved[0])),
            ]
            with m.If(self.enable):
                m.d.sync += sums[lane].eq((Cat(1, staying) + Cat(carry, moved[1:]))[1:])
        return m
