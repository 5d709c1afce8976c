"""The steps of a k-block as logic: the table of `pinta_hw.spec.digits.steps`."""

from amaranth import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.array.control import Shift
from pinta_hw.spec.digits import b_planes, steps
from pinta_hw.spec.formats import SMX_BITS

MAX_STEPS = max(len(steps(a_bits, b_bits)) for a_bits in SMX_BITS for b_bits in SMX_BITS)


class StepEntry(data.Struct):
    """What one step reads and how it is added; ``segment_last`` ends the use of a byte plane."""

    a_plane: 2
    b_plane: 2
    b_low_absent: 1
    shift: Shift
    a_signed: 1
    b_signed: 1
    first: 1
    last: 1
    segment_last: 1


class StepTable(wiring.Component):
    """Looks a step up. Combinational.

    Members
    -------
    a_width, b_width : In(2)
        Digit planes of the operands, minus one.
    index : In
        Number of the step in its k-block.
    step : Out
        The step; `b_plane` is the high one of its two digit planes.
    """

    a_width: In(2)
    b_width: In(2)
    index: In(range(MAX_STEPS))
    step: Out(StepEntry)

    def elaborate(self, platform):
        m = Module()
        with m.Switch(self.a_width):
            for a_code, a_bits in enumerate(SMX_BITS):
                with m.Case(a_code), m.Switch(self.b_width):
                    for b_code, b_bits in enumerate(SMX_BITS):
                        with m.Case(b_code):
                            self._build_k_block(m, a_bits, b_bits)
        return m

    def _build_k_block(self, m: Module, a_bits: int, b_bits: int) -> None:
        order = steps(a_bits, b_bits)
        with m.Switch(self.index):
            for position, step in enumerate(order):
                high, low = b_planes(b_bits, step.b_byte)
                with m.Case(position):
                    m.d.comb += [
                        self.step.a_plane.eq(step.a_plane),
                        self.step.b_plane.eq(high),
                        self.step.b_low_absent.eq(low is None),
                        self.step.shift.eq(Shift.of_bits(step.shift)),
                        self.step.a_signed.eq(step.a_signed),
                        self.step.b_signed.eq(step.b_signed),
                        self.step.first.eq(step.first),
                        self.step.last.eq(step.last),
                        self.step.segment_last.eq(step.last or order[position + 1].new_b),
                    ]
