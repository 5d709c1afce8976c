"""One element of an activation function: range reduction, table, interpolation."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..placement import place
from ..spec.tables import OFFSET_BITS, PHASE_BITS, QUARTER_SEGMENTS, TABLE_FRACTION_BITS
from .operation import Function
from .table_rom import C0_BITS, C1_BITS, SEGMENT_BITS, SegmentCoefficients, TableRom
from .wide import WIDE_BITS

STAGES = 7
VALUE_BITS = C0_BITS
MAGNITUDE_BITS = WIDE_BITS - 1
GUARD_BITS = WIDE_BITS
"""Bits of the shifted magnitude below the address; of a mantissa further down nothing rounds up to one."""
SHIFT_BITS = 6
_ADDRESS_BITS = SEGMENT_BITS + OFFSET_BITS
_QUARTER_BITS = ceil_log2(QUARTER_SEGMENTS) + OFFSET_BITS
_DROPPED_BITS = PHASE_BITS - 2 - _QUARTER_BITS
_LOWER_BITS = 8
"""Where the two long products are cut in two."""
_HALF = 1 << (OFFSET_BITS - 1)


class LaneControl(data.StructLayout):
    """What the lanes of a block share, each member valid in its own cycle (the mantissa is at the port in cycle 0).

    Members
    -------
    load : 7 bits
        Bit n: stage n takes its block in this cycle.
    amount, unit, by_phase : cycle 1
        The magnitude times ``2**amount`` is an address with `GUARD_BITS` fraction bits; the turns of a unit of the
        mantissa; whether the turns are the address.
    from_phase, quarters, odd : cycle 2
        The turns are the address; quarter turns to add; a negative argument negates the value.
    table : cycle 3
        Which table of the ROM.
    one : cycle 4
        Beyond its last segment the table is one, otherwise zero.
    step : cycle 7
        One is added where the value is not negated.
    """

    def __init__(self, tables: int):
        super().__init__(
            {
                "load": STAGES,
                "amount": SHIFT_BITS,
                "unit": PHASE_BITS,
                "by_phase": 1,
                "from_phase": 1,
                "quarters": 2,
                "odd": 1,
                "table": ceil_log2(tables),
                "one": 1,
                "step": 1,
            }
        )


class TableLane(wiring.Component):
    """The value of a table at one mantissa, in units of ``2**-TABLE_FRACTION_BITS``.

    `STAGES` cycles from the mantissa to the value, which is not registered; one a cycle.

    Parameters
    ----------
    functions : tuple of Function
        Those it knows.

    Members
    -------
    mantissa : of SMX-16
    control : see `LaneControl`
    value : of the table
    positive : the mantissa, or zero if it was negative (always zero without gelu)
    """

    def __init__(self, functions: tuple[Function, ...]):
        self._functions = functions
        super().__init__(
            {
                "mantissa": In(signed(WIDE_BITS)),
                "control": In(LaneControl(TableRom.tables(functions))),
                "value": Out(signed(VALUE_BITS)),
                "positive": Out(MAGNITUDE_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        control, load = self.control, self.control.load

        # Stage 0: sign and magnitude.
        magnitude = Signal(MAGNITUDE_BITS, reset_less=True)
        negative = Signal(reset_less=True)
        sign = self.mantissa[-1]
        with m.If(load[0]):
            m.d.sync += [
                magnitude.eq((self.mantissa.as_unsigned() ^ sign.replicate(WIDE_BITS)) + sign),
                negative.eq(sign),
            ]

        # Stages 1 and 2: the address.
        address, beyond, mirror = self._build_address(m, magnitude, negative)
        row = Signal(_ADDRESS_BITS, reset_less=True)
        beyond_2, negate_2 = Signal(reset_less=True), Signal(reset_less=True)
        with m.If(load[2]):
            m.d.sync += [row.eq(address), beyond_2.eq(beyond), negate_2.eq(mirror)]

        # Stage 3: the coefficients of the segment.
        rom = place(m, "rom", TableRom(self._functions), platform)
        m.d.comb += [rom.enable.eq(load[3]), rom.row.eq(Cat(row[OFFSET_BITS:], control.table))]
        offset, beyond_3, negate_3 = (
            Signal(OFFSET_BITS, reset_less=True),
            Signal(reset_less=True),
            Signal(reset_less=True),
        )
        with m.If(load[3]):
            m.d.sync += [offset.eq(row[:OFFSET_BITS]), beyond_3.eq(beyond_2), negate_3.eq(negate_2)]

        # Stage 4: they wait, because the way out of a ROM is long.
        c = Signal(SegmentCoefficients(), reset_less=True)
        offset_4, negate_4 = Signal(OFFSET_BITS, reset_less=True), Signal(reset_less=True)
        with m.If(load[4]):
            m.d.sync += [offset_4.eq(offset), negate_4.eq(negate_3)]
            with m.If(beyond_3):
                m.d.sync += [c.c0.eq(control.one << TABLE_FRACTION_BITS), c.c1.eq(0), c.c2.eq(0)]
            with m.Else():
                m.d.sync += c.eq(rom.coefficients)

        # Stages 5 and 6: the quadratic. Adding an integer commutes with a floor, so each step rounds one sum.
        inner = Signal(signed(C1_BITS), reset_less=True)
        c0 = Signal(signed(C0_BITS), reset_less=True)
        offset_5, negate_5 = Signal(OFFSET_BITS, reset_less=True), Signal(reset_less=True)
        with m.If(load[5]):
            m.d.sync += [
                inner.eq((Cat(Const(_HALF, OFFSET_BITS), c.c1).as_signed() + c.c2 * offset_4) >> OFFSET_BITS),
                c0.eq(c.c0),
                offset_5.eq(offset_4),
                negate_5.eq(negate_4),
            ]
        # The second product in two parts, whose sum waits for the next cycle; what the lower one drops never carries.
        upper = Signal(signed(C0_BITS + OFFSET_BITS - _LOWER_BITS), reset_less=True)
        lower = Signal(signed(C1_BITS), reset_less=True)
        negate = Signal(reset_less=True)
        with m.If(load[6]):
            m.d.sync += [
                upper.eq(
                    Cat(Const(_HALF >> _LOWER_BITS, OFFSET_BITS - _LOWER_BITS), c0).as_signed()
                    + inner * offset_5[_LOWER_BITS:]
                ),
                lower.eq((inner * offset_5[:_LOWER_BITS]) >> _LOWER_BITS),
                negate.eq(negate_5),
            ]
        value = Signal(signed(VALUE_BITS))
        one = Cat(Const(0, TABLE_FRACTION_BITS), control.step & ~negate)
        m.d.comb += [
            value.eq((upper + lower) >> (OFFSET_BITS - _LOWER_BITS)),
            self.value.eq((value ^ negate.replicate(VALUE_BITS).as_signed()) + (one | negate)),
        ]

        if Function.GELU in self._functions:
            positive = Mux(negative, 0, magnitude)
            for stage in range(1, STAGES):
                later = Signal(MAGNITUDE_BITS, name=f"positive_{stage}", reset_less=True)
                with m.If(load[stage]):
                    m.d.sync += later.eq(positive)
                positive = later
            m.d.comb += self.positive.eq(positive)
        return m

    def _build_address(self, m, magnitude, negative):
        """Stage 1, and what stage 2 takes: the address, whether it is beyond all segments, whether to negate."""
        control, load = self.control, self.control.load
        address, beyond = Signal(_ADDRESS_BITS, reset_less=True), Signal(reset_less=True)
        negative_1 = Signal(reset_less=True)
        moved = magnitude
        lost = []
        for level in reversed(range(SHIFT_BITS)):
            step = 1 << level
            wide = Signal(min(len(moved) + step, GUARD_BITS + _ADDRESS_BITS), name=f"moved_{step}")
            m.d.comb += wide.eq(Mux(control.amount[level], moved << step, moved))
            lost.append(control.amount[level] & moved[max(0, len(wide) - step) :].any())
            moved = wide
        with m.If(load[1]):
            m.d.sync += [
                address.eq(moved[GUARD_BITS:] + moved[GUARD_BITS - 1]),
                beyond.eq(Cat(lost).any()),
                negative_1.eq(negative),
            ]
        if Function.SIN not in self._functions:
            return address, beyond, control.odd & negative_1

        # The product modulo one turn, in two parts.
        lower = Signal(PHASE_BITS, reset_less=True)
        upper = Signal(PHASE_BITS - _LOWER_BITS, reset_less=True)
        with m.If(load[1] & control.by_phase):
            m.d.sync += [
                lower.eq(magnitude[:_LOWER_BITS] * control.unit),
                upper.eq(magnitude[_LOWER_BITS:] * control.unit[: len(upper)]),
            ]
        phase = Signal(_QUARTER_BITS + 2)
        quadrant = Signal(2)
        from_start, from_end = phase[:_QUARTER_BITS], Signal(_QUARTER_BITS + 1)
        # Negating both parts adds one in the last place of each.
        ones = Cat(
            negative_1, Const(0, _LOWER_BITS - 1), negative_1, Const(0, _DROPPED_BITS - _LOWER_BITS - 2), Const(1, 1)
        )
        rounded = (
            (lower ^ negative_1.replicate(PHASE_BITS))
            + Cat(Const(0, _LOWER_BITS), upper ^ negative_1.replicate(len(upper)))
            + ones
        )
        m.d.comb += [
            phase.eq(rounded[_DROPPED_BITS:]),
            quadrant.eq(phase[_QUARTER_BITS:] + control.quarters),
            from_end.eq((1 << _QUARTER_BITS) - from_start),
        ]
        mirrored = quadrant[0]
        return (
            Mux(control.from_phase, Mux(mirrored, from_end[:-1], from_start), address),
            Mux(control.from_phase, mirrored & from_end[-1], beyond),
            Mux(control.from_phase, quadrant[1], control.odd & negative_1),
        )
