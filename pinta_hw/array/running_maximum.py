"""The exponent of a block-floating accumulator, one stage ahead of its mantissas."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..spec.accumulator import PAIR_EXPONENT_BITS

AMOUNT_BITS = 5


class Alignment(data.StructLayout):
    """How a product meets the accumulator: exactly one of the two moves right.

    Members
    -------
    move_sum : whether the accumulator moves; otherwise the product does
    amount : bits to move by, if fewer than ``2**amount_bits``
    beyond : that many or more: only the sign is left
    clear : the accumulator starts anew (with ``move_sum`` and ``beyond``)
    """

    def __init__(self, amount_bits: int = AMOUNT_BITS):
        super().__init__({"move_sum": 1, "amount": amount_bits, "beyond": 1, "clear": 1})


class RunningMaximum(wiring.Component):
    """Running maximum of the pair exponent and the alignment that it asks for. Latency 1, one k-block a cycle.

    Parameters
    ----------
    amount_bits : int
        Bits of the alignment's amount.

    Members
    -------
    pair_exponent : sum of the stored exponents of the k-block's operands
    zero : an operand block is all zeros: the exponent does not move
    nan : an operand block is NaN: the contraction is NaN
    start : the k-block is the contraction's first
    enable : whether there is a k-block; without it nothing moves
    alignment : of the k-block that entered last
    exponent, is_nan : of the accumulator once that k-block is added
    """

    def __init__(self, amount_bits: int = AMOUNT_BITS):
        self._amount_bits = amount_bits
        super().__init__(
            {
                "pair_exponent": In(PAIR_EXPONENT_BITS),
                "zero": In(1),
                "nan": In(1),
                "start": In(1),
                "enable": In(1),
                "alignment": Out(Alignment(amount_bits)),
                "exponent": Out(PAIR_EXPONENT_BITS),
                "is_nan": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        alignment = Signal.like(self.alignment, reset_less=True)
        exponent = Signal(PAIR_EXPONENT_BITS, reset_less=True)
        is_nan = Signal(reset_less=True)
        m.d.comb += [self.alignment.eq(alignment), self.exponent.eq(exponent), self.is_nan.eq(is_nan)]

        before = Signal(PAIR_EXPONENT_BITS)
        difference = Signal(signed(PAIR_EXPONENT_BITS + 1))
        distance = Signal(PAIR_EXPONENT_BITS)
        larger = Signal()
        m.d.comb += [
            before.eq(Mux(self.start, 0, exponent)),
            difference.eq(self.pair_exponent - before),
            larger.eq((difference >= 0) & ~self.zero),
            distance.eq(Mux(difference < 0, -difference, difference)),
        ]
        with m.If(self.enable):
            m.d.sync += [
                exponent.eq(Mux(larger, self.pair_exponent, before)),
                is_nan.eq(self.nan | (is_nan & ~self.start)),
                alignment.move_sum.eq(larger | self.start),
                alignment.amount.eq(distance[: self._amount_bits]),
                alignment.beyond.eq(distance[self._amount_bits :].any() | self.start),
                alignment.clear.eq(self.start),
            ]
        return m
