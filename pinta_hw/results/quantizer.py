"""From wide integers to SMX: the one place where a contraction or an elementwise result is rounded."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..array.control import AccumulatorBlock
from ..leading_one import leading_one
from ..smx import MAX_PLANES, QuantizedBlock, Width
from ..spec.accumulator import ACCUMULATOR_BITS, ACCUMULATOR_FRACTION_BITS, PAIR_EXPONENT_BIAS, PAIR_EXPONENT_BITS
from ..spec.formats import (
    BLOCK_ELEMENTS,
    DIGIT_BITS,
    EXPONENT_BIAS,
    EXPONENT_BITS,
    MAX_EXPONENT,
    NAN_EXPONENT,
    SMX_BITS,
)

_WIDEST = max(SMX_BITS)
ACCUMULATOR_REBIAS = PAIR_EXPONENT_BIAS + ACCUMULATOR_FRACTION_BITS - EXPONENT_BIAS
"""An accumulator whose leading one is bit ``p`` has the stored exponent ``p + pair_exponent`` less this."""
_GUARDED_BITS = _WIDEST + 1
"""A mantissa and, below it, its guard bit."""
_SHIFT_BITS = 6
"""Amounts above 63 saturate: a mantissa of up to 48 bits is zero after that."""
_MAX_MANTISSA_BITS = (1 << _SHIFT_BITS) - _WIDEST


class _Aligned(data.StructLayout):
    """A shifted accumulator mantissa with its guard bit at bit 0; ``sticky`` is the or of what fell off."""

    def __init__(self) -> None:
        super().__init__({"value": _GUARDED_BITS, "sticky": 1})


class Quantizer(wiring.Component):
    """Quantizes blocks of wide integers to SMX, bit for bit as the contract says (`pinta_hw.spec.formats`).

    The shared exponent is ``floor(log2(max|x|))``, clamped below at -127; above 127 the block becomes
    NaN, as it does when the accumulator says so. Mantissas are rounded half to even and saturated to the
    symmetric range. All-zero results have exponent 0.

    Throughput is one block a cycle. A block leaves `latency` cycles after it was accepted, later by
    the cycles in which the output was stalled and no gap ahead of it could close.

    Parameters
    ----------
    mantissa_bits, exponent_bits : int
        Widths of the blocks' members, by default those of an accumulator. At most 48 bits of mantissa.
    rebias : int
        A block whose leading one is bit ``p`` has the stored exponent ``p + exponent - rebias``.

    Members
    -------
    i : In(stream.Signature(AccumulatorBlock(mantissa_bits, exponent_bits)))
        Blocks to quantize. ``ready`` depends on ``o.ready`` in the same cycle.
    width : In(Width)
        Target format, sampled with each accepted block.
    o : Out(stream.Signature(QuantizedBlock))
        The same blocks in order.
    nan : Out(1)
        High in each cycle in which a NaN block is transferred to the consumer.
    """

    latency = 3
    """Cycles from accepting a block to offering it quantized, without stalls."""

    def __init__(
        self,
        mantissa_bits: int = ACCUMULATOR_BITS,
        exponent_bits: int = PAIR_EXPONENT_BITS,
        rebias: int = ACCUMULATOR_REBIAS,
    ):
        assert _WIDEST <= mantissa_bits <= _MAX_MANTISSA_BITS, mantissa_bits
        self._magnitude_bits = mantissa_bits - 1
        self._exponent_bits = exponent_bits
        self._rebias = rebias
        super().__init__(
            {
                "i": In(stream.Signature(AccumulatorBlock(mantissa_bits, exponent_bits))),
                "width": In(Width),
                "o": Out(stream.Signature(QuantizedBlock())),
                "nan": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        # Every stage moves on its own, so a stalled output closes gaps instead of delaying what follows them.
        # A stage's registers hold when there is nothing to load, which saves their energy.
        load = [Signal(name=f"load_{stage}") for stage in range(self.latency)]
        free, arriving = self.i.ready, self.i.valid
        for stage, enable in enumerate(load):
            valid = Signal(name=f"valid_{stage}")
            behind = self.o.ready if stage == self.latency - 1 else Signal(name=f"free_{stage + 1}")
            m.d.comb += [free.eq(~valid | behind), enable.eq(free & arriving)]
            with m.If(free):
                m.d.sync += valid.eq(arriving)
            free, arriving = behind, valid
        m.d.comb += self.o.valid.eq(arriving)

        load_exponent, load_alignment, load_rounding = load
        found = self._build_exponent(m, load_exponent)
        aligned = self._build_alignment(m, load_alignment, *found)
        self._build_rounding(m, load_rounding, *aligned)
        return m

    def _build_exponent(self, m, load):
        """Cycle 1: the block's leading one, its exponent, and how far to shift.

        The leading one is that of ``max(x, ~x)``: one too low for a block whose largest magnitude is a
        power of two that occurs only negated. Such a block is moved by one more place in cycle 3.
        """
        mantissas = self.i.p.mantissas
        magnitudes = []
        for lane in range(BLOCK_ELEMENTS):
            sign = mantissas[lane][-1]
            magnitudes.append(mantissas[lane].as_unsigned()[:-1] ^ sign.replicate(self._magnitude_bits))
        signs = Cat(mantissas[lane][-1] for lane in range(BLOCK_ELEMENTS))
        occupied = Signal(self._magnitude_bits)
        m.d.comb += occupied.eq(reduce(or_, magnitudes))
        positive, position = leading_one(m, occupied)
        nonzero = positive | signs.any()

        narrower = Signal(range(_WIDEST))  # bits that the target lacks
        m.d.comb += narrower.eq(Cat(Const(0, 2), ~self.width.as_value()))
        above_rebias = Signal(signed(self._exponent_bits + 1))
        m.d.comb += above_rebias.eq(self.i.p.exponent - self._rebias)
        exponent = Signal(signed(self._exponent_bits + 1))
        m.d.comb += exponent.eq(position + above_rebias)
        clamped = exponent < 0
        clamped_shift = Signal(signed(self._exponent_bits + 1))
        m.d.comb += clamped_shift.eq(narrower - above_rebias)
        saturated = clamped_shift[_SHIFT_BITS:].any()
        is_nan = self.i.p.nan | (nonzero & (exponent > MAX_EXPONENT))

        mantissas_1 = Signal(mantissas.shape(), reset_less=True)
        width_1 = Signal(Width, reset_less=True)
        exponent_1 = Signal(EXPONENT_BITS, reset_less=True)
        shift_1 = Signal(_SHIFT_BITS, reset_less=True)
        with m.If(load):
            m.d.sync += [
                mantissas_1.eq(mantissas),
                width_1.eq(self.width),
                exponent_1.eq(Mux(is_nan, NAN_EXPONENT, Mux(nonzero & ~clamped, exponent, 0))),
                shift_1.eq(
                    Mux(
                        clamped,
                        clamped_shift[:_SHIFT_BITS] | saturated.replicate(_SHIFT_BITS),
                        position + narrower,
                    )
                ),
            ]
        return mantissas_1, width_1, exponent_1, shift_1

    def _build_alignment(self, m, load, mantissas, width, exponent, shift):
        """Cycle 2: shift right, remembering what fell off.

        The largest mantissa of the block decides the shift, so the high bits that are cut are copies of the sign.
        """
        aligned = Signal(data.ArrayLayout(_Aligned(), BLOCK_ELEMENTS), reset_less=True)
        for lane in range(BLOCK_ELEMENTS):
            value = Cat(Const(0, _WIDEST - 1), mantissas[lane]).as_signed()
            lost = []
            for level in reversed(range(_SHIFT_BITS)):
                step = 1 << level
                lost.append(shift[level] & value[:step].any())
                shifted = Signal(signed(min(len(value), _GUARDED_BITS + step - 1)), name=f"shifted_{lane}_{step}")
                m.d.comb += shifted.eq(Mux(shift[level], value >> step, value))
                value = shifted
            with m.If(load):
                m.d.sync += [aligned[lane].value.eq(value), aligned[lane].sticky.eq(Cat(lost).any())]

        width_2 = Signal(Width, reset_less=True)
        exponent_2 = Signal(EXPONENT_BITS, reset_less=True)
        with m.If(load):
            m.d.sync += [width_2.eq(width), exponent_2.eq(exponent)]
        return aligned, width_2, exponent_2

    def _build_rounding(self, m, load, aligned, width, exponent):
        """Cycle 3: one more place for a block with an exact -2, round half to even, saturate."""
        unused = Cat((width.as_value() < plane).replicate(DIGIT_BITS) for plane in range(MAX_PLANES))
        at_end, minus_two = Signal(BLOCK_ELEMENTS), Signal(BLOCK_ELEMENTS)
        for lane in range(BLOCK_ELEMENTS):
            value = aligned[lane].value
            # At both ends of the range all bits below the target's sign differ from it.
            different = value[1:-1] ^ value[-1].replicate(_WIDEST - 1)
            m.d.comb += [
                at_end[lane].eq((different | unused[1:]).all()),
                minus_two[lane].eq(at_end[lane] & value[-1] & ~value[0] & ~aligned[lane].sticky),
            ]
        bump = Signal()
        m.d.comb += bump.eq(minus_two.any())

        next_exponent = Signal(EXPONENT_BITS)
        with m.If(bump & (exponent != NAN_EXPONENT)):
            m.d.comb += next_exponent.eq(exponent + 1)
        with m.Else():
            m.d.comb += next_exponent.eq(exponent)
        used = Signal(_WIDEST)
        m.d.comb += used.eq(~unused & (next_exponent != NAN_EXPONENT).replicate(_WIDEST))

        mantissas = []
        for lane in range(BLOCK_ELEMENTS):
            value, sticky = aligned[lane].value, aligned[lane].sticky
            # The highest value is never rounded up, the lowest (outside the symmetric range) always.
            here = Mux(at_end[lane], value[-1], value[0] & (value[1] | sticky))
            moved = value[1] & (value[2] | value[0] | sticky)
            floor = Mux(bump, value[2:].as_signed(), value[1:].as_signed())
            mantissa = Signal(_WIDEST, name=f"mantissa_{lane}")
            m.d.comb += mantissa.eq((floor + Mux(bump, moved, here)) & used)
            mantissas.append(mantissa)

        result = Signal(QuantizedBlock(), reset_less=True)
        with m.If(load):
            m.d.sync += result.exponent.eq(next_exponent)
            for plane in range(MAX_PLANES):
                digits = Cat(mantissa.word_select(plane, DIGIT_BITS) for mantissa in mantissas)
                m.d.sync += result.planes[plane].eq(digits)
        m.d.comb += self.o.p.eq(result)
        m.d.comb += self.nan.eq(self.o.valid & self.o.ready & (self.o.p.exponent == NAN_EXPONENT))
