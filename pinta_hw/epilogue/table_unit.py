"""Activation functions of a block, read from the tables of `pinta_hw.spec.tables`."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from ..placement import place
from ..spec.formats import BLOCK_ELEMENTS, EXPONENT_BIAS, EXPONENT_BITS, NAN_EXPONENT
from ..spec.tables import (
    OFFSET_BITS,
    PHASE_BITS,
    SEGMENTS_PER_UNIT,
    TABLE_FRACTION_BITS,
    turns,
)
from .operation import ORDER_BITS, Extent, Function, Step, lanes_inside
from .table_lane import GUARD_BITS, SHIFT_BITS, STAGES, LaneControl, TableLane
from .table_rom import TableRom
from .term import TERM_UNIT_EXPONENT, TermPair
from .wide import WIDE_BITS

ALL_FUNCTIONS = tuple(Function)
_UNSHIFTED_EXPONENT = EXPONENT_BIAS + (WIDE_BITS - 2) - (SEGMENTS_PER_UNIT - 1).bit_length() - OFFSET_BITS - GUARD_BITS
"""Stored exponent at which a unit of the mantissa is a unit of the shifted address: below, everything reads as zero."""


class _Context(data.StructLayout):
    """What accompanies a block."""

    def __init__(self) -> None:
        super().__init__(
            {
                "function": Function,
                "order": ORDER_BITS,
                "exponent": EXPONENT_BITS,
                "extent": Extent(),
            }
        )


class TableUnit(wiring.Component):
    """Sixteen lanes of range reduction, table and interpolation. One block a cycle.

    The value is the second term. The first is zero but for gelu itself, where it is ``max(y, 0)``. Lanes outside the
    logical shape are zero. `latency` cycles from a step at the port to its terms, which are not registered.

    Parameters
    ----------
    functions : tuple of Function
        Those it knows; of others it reads something else.

    Members
    -------
    valid, step : a step whose operation is a table, at operand ``a``
    terms_valid, terms : the same step's value
    """

    latency = STAGES

    def __init__(self, functions: tuple[Function, ...] = ALL_FUNCTIONS):
        self._functions = functions
        super().__init__(
            {
                "valid": In(1),
                "step": In(Step()),
                "terms_valid": Out(1),
                "terms": Out(TermPair()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        load = Signal(STAGES)
        context = self._build_context(m, load)
        control = self._build_control(m, load, context)
        last = context[STAGES]
        inside = Signal(BLOCK_ELEMENTS)
        m.d.comb += [
            self.terms.nan.eq(last.exponent == NAN_EXPONENT),
            self.terms.first.exponent.eq(last.exponent + EXPONENT_BIAS),
            self.terms.second.exponent.eq(TERM_UNIT_EXPONENT - TABLE_FRACTION_BITS),
            inside.eq(lanes_inside(last.extent)),
        ]
        is_gelu = self._is(last, Function.GELU) & (last.order == 0)
        one = Const(0, WIDE_BITS - 2)
        for index in range(BLOCK_ELEMENTS):
            lane = place(m, f"lane_{index}", TableLane(self._functions), platform)
            m.d.comb += [
                lane.mantissa.eq(self.step.a.mantissas[index]),
                lane.control.eq(control),
                self.terms.first.integers[index].eq(Mux(is_gelu & inside[index], Cat(one, lane.positive), 0)),
                self.terms.second.integers[index].eq(Mux(inside[index], lane.value, 0)),
            ]
        return m

    def _is(self, context, function):
        return (context.function == function) if function in self._functions else Const(0, 1)

    def _build_context(self, m, load):
        """The contexts of the stages, from the port on."""
        entering = Signal(_Context())
        m.d.comb += [
            entering.function.eq(self.step.function),
            entering.order.eq(self.step.order),
            entering.exponent.eq(self.step.a.exponent),
            entering.extent.eq(self.step.extent),
        ]
        contexts, valid = [entering], self.valid
        for stage in range(STAGES):
            later_valid = Signal(name=f"valid_{stage}")
            later = Signal(_Context(), name=f"context_{stage}", reset_less=True)
            m.d.comb += load[stage].eq(valid)
            m.d.sync += later_valid.eq(valid)
            with m.If(load[stage]):
                m.d.sync += later.eq(contexts[-1])
            contexts.append(later)
            valid = later_valid
        m.d.comb += self.terms_valid.eq(valid)
        return contexts

    def _build_control(self, m, load, context):
        """`LaneControl`; ``context[n]`` is that of the block in cycle n."""
        tables = TableRom.tables(self._functions)
        control = Signal(LaneControl(tables))
        amount = Signal(SHIFT_BITS, reset_less=True)
        distance = Signal(range(-_UNSHIFTED_EXPONENT, 1 << EXPONENT_BITS))
        m.d.comb += distance.eq(context[0].exponent - _UNSHIFTED_EXPONENT)
        with m.If(load[0]):
            far = distance[SHIFT_BITS:-1].any().replicate(SHIFT_BITS)
            m.d.sync += amount.eq(Mux(distance < 0, 0, distance[:SHIFT_BITS] | far))
        index = Signal(range(tables), reset_less=True)
        with m.If(load[2]):
            for function in self._functions:
                with m.If(context[2].function == function):
                    first = TableRom.table_index(self._functions, function)
                    m.d.sync += index.eq(first if function is Function.SIN else first + context[2].order)
        m.d.comb += [
            control.load.eq(load),
            control.amount.eq(amount),
            control.by_phase.eq(self._is(context[1], Function.SIN)),
            control.from_phase.eq(self._is(context[2], Function.SIN)),
            control.quarters.eq(context[2].order),
            control.odd.eq(self._is(context[2], Function.TANH) ^ context[2].order[0]),
            control.table.eq(index),
            control.one.eq(
                self._is(context[4], Function.SIN) | (self._is(context[4], Function.TANH) & (context[4].order == 0))
            ),
            control.step.eq(self._is(context[7], Function.GELU) & (context[7].order == 1)),
        ]
        if Function.SIN in self._functions:
            m.submodules.turns = units = memory.Memory(shape=PHASE_BITS, depth=1 << EXPONENT_BITS, init=[*turns(), 0])
            read = units.read_port()
            m.d.comb += [
                read.en.eq(load[0] & self._is(context[0], Function.SIN)),
                read.addr.eq(context[0].exponent),
                control.unit.eq(read.data),
            ]
        return control
