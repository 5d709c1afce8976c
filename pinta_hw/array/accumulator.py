"""The mantissas of a block-floating accumulator."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..spec.accumulator import ACCUMULATOR_BITS
from ..spec.formats import BLOCK_ELEMENTS
from .partial_sum import PRODUCT_BITS
from .running_maximum import Alignment


def aligned_sum(m: Module, name: str, total, product, alignment):
    """``total`` plus ``product``, one of the two moved right as ``alignment`` says.

    Only one of the two ever moves, so there is one shifter: they are swapped in front of it. The product has one
    fraction bit more than the total; that bit of it, once moved, enters the adder as its carry.
    """
    width = len(total)
    wide_product = Signal(signed(width + 1), name=f"product_{name}")
    wide_total = Signal(signed(width + 1), name=f"total_{name}")
    moving = Signal(signed(width + 1), name=f"moving_{name}")
    staying = Signal(signed(width), name=f"staying_{name}")
    moved = Signal(signed(width + 1), name=f"moved_{name}")
    sign = Signal(name=f"sign_{name}")
    carry = Signal(name=f"carry_{name}")
    m.d.comb += [
        wide_product.eq(product),
        wide_total.eq(Cat(0, total).as_signed()),
        moving.eq(Mux(alignment.move_sum, wide_total, wide_product)),
        staying.eq(Mux(alignment.move_sum, wide_product, wide_total)[1:]),
        sign.eq(moving[-1] & ~alignment.clear),
        moved.eq(Mux(alignment.beyond, sign.replicate(width + 1), moving >> alignment.amount)),
        carry.eq(Mux(alignment.move_sum, wide_product[0], moved[0])),
    ]
    return (Cat(1, staying) + Cat(carry, moved[1:]))[1 : width + 1].as_signed()


class Accumulator(wiring.Component):
    """Sixteen aligned sums: steps 3 and 4 of the contract in `pinta_hw.spec.accumulator`.
    Latency 1, one k-block a cycle.

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
        for lane in range(BLOCK_ELEMENTS):
            total = aligned_sum(m, str(lane), sums[lane], self.products[lane], self.alignment)
            with m.If(self.enable):
                m.d.sync += sums[lane].eq(total)
        return m
