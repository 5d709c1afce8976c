"""The sum of two terms, exact as far as any SMX width can tell."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..array.control import AccumulatorBlock
from ..leading_one import leading_one
from ..spec.formats import BLOCK_ELEMENTS, EXPONENT_BIAS
from .term import TERM_BITS, TERM_EXPONENT_BITS, TERM_UNIT_EXPONENT, TermPair

_TOP_BIT = TERM_BITS - 1
"""Where the leading one of the larger term goes: one place above that of the largest product."""
_ALIGNED_BITS = _TOP_BIT + 2
_SHIFT_BITS = 6
SUM_BITS = _ALIGNED_BITS + 1
SUM_EXPONENT_BITS = TERM_EXPONENT_BITS + 1
SUM_REBIAS = TERM_UNIT_EXPONENT + _TOP_BIT - EXPONENT_BIAS
"""A sum whose leading one is bit ``p`` has the stored exponent ``p + exponent`` less this."""


class ExactSum(wiring.Component):
    """Adds two terms such that one rounding of the sum to any SMX width is the rounding of the exact sum.

    `pinta_hw.spec.operations` keeps 31 bits below the unit of the coarser term. Here both are moved so that the
    leading one of the larger *block* comes to bit 30: a window of 33 bits does, with the or of what falls out of it
    in its last bit. A term has 30 bits. While the other's leading one is at most one place below, nothing of it
    falls out, so any cancellation is exact; from two places on the sum keeps its leading one at bit 28 or above, far
    from the last.

    Latency `latency`, one pair a cycle.

    Members
    -------
    valid, terms : a pair, from registers
    sum_valid, sum : the sum for a `Quantizer` with ``SUM_BITS, SUM_EXPONENT_BITS, SUM_REBIAS``
    """

    valid: In(1)
    terms: In(TermPair())
    sum_valid: Out(1)
    sum: Out(AccumulatorBlock(SUM_BITS, SUM_EXPONENT_BITS))

    latency = 2

    def elaborate(self, platform):
        m = Module()
        # Cycle 1: which block reaches higher, and how far each moves.
        aligning = Signal()
        still = Signal(TermPair(), reset_less=True)
        top = Signal(SUM_EXPONENT_BITS, reset_less=True)
        amounts = [Signal(_SHIFT_BITS, name=f"amount_{n}", reset_less=True) for n in range(2)]
        next_top, next_amounts = self._build_alignment(m, self.terms)
        m.d.sync += aligning.eq(self.valid)
        with m.If(self.valid):
            m.d.sync += [still.eq(self.terms), top.eq(next_top)]
            m.d.sync += [amount.eq(value) for amount, value in zip(amounts, next_amounts, strict=True)]

        # Cycle 2: move and add.
        total = Signal.like(self.sum, reset_less=True)
        m.d.comb += self.sum.eq(total)
        m.d.sync += self.sum_valid.eq(aligning)
        with m.If(aligning):
            m.d.sync += [total.exponent.eq(top), total.nan.eq(still.nan)]
            for lane in range(BLOCK_ELEMENTS):
                first, second = (
                    _moved(m, term.integers[lane], amount)
                    for term, amount in zip((still.first, still.second), amounts, strict=True)
                )
                m.d.sync += total.mantissas[lane].eq(first + second)
        return m

    def _build_alignment(self, m, terms):
        """The exponent of the larger block's leading one, and the distance of each term's unit below it."""
        leads, occupied = [], []
        for name, term in (("first", terms.first), ("second", terms.second)):
            integers = [term.integers[lane] for lane in range(BLOCK_ELEMENTS)]
            # The leading one of max(x, ~x), one too low for a negated power of two, serves as well.
            bits = Signal(TERM_BITS - 1, name=f"bits_{name}")
            m.d.comb += bits.eq(reduce(or_, (x.as_unsigned()[:-1] ^ x[-1].replicate(TERM_BITS - 1) for x in integers)))
            found, lead = leading_one(m, bits)
            leads.append(lead)
            occupied.append(found | Cat(x[-1] for x in integers).any())
        apart = Signal(signed(TERM_EXPONENT_BITS + 1))
        m.d.comb += apart.eq(terms.second.exponent - terms.first.exponent)
        # The leading one of each, seen from the other's unit.
        first_there = Signal(signed(TERM_EXPONENT_BITS + 2))
        second_there = Signal(signed(TERM_EXPONENT_BITS + 2))
        first_leads = Signal()
        m.d.comb += [
            first_there.eq(leads[0] - apart),
            second_there.eq(leads[1] + apart),
            first_leads.eq(~occupied[1] | (occupied[0] & (second_there <= leads[0]))),
        ]
        top = Mux(first_leads, terms.first.exponent + leads[0], terms.second.exponent + leads[1])
        return top, (
            Mux(first_leads, leads[0], _saturated(second_there)),
            Mux(first_leads, _saturated(first_there), leads[1]),
        )


def _saturated(distance):
    """A distance that counts only where it is not negative, at most 63."""
    return distance[:_SHIFT_BITS] | distance[_SHIFT_BITS:].any().replicate(_SHIFT_BITS)


def _moved(m, integer, amount):
    """``integer * 2**(30 - amount)``, the or of the bits below the last in the last; the high bits cut are signs."""
    value = Cat(Const(0, _TOP_BIT), integer).as_signed()
    lost = []
    for level in reversed(range(_SHIFT_BITS)):
        step = 1 << level
        lost.append(amount[level] & value[:step].any())
        moved = Signal(signed(min(len(value), _ALIGNED_BITS + step - 1)), name=f"moved_by_{step}")
        m.d.comb += moved.eq(Mux(amount[level], value >> step, value))
        value = moved
    return value | Cat(lost).any()
