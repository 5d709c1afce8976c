"""A pipeline made from an FP32 program: a unit for each step."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.placement import place

from ..spec.real import RealOperation
from ..spec.real_schedule import Schedule
from .adder import Adder
from .delay_line import DelayLine
from .float32 import Float32
from .multiplier import Multiplier
from .round_robin import RoundRobin


class Dataflow(wiring.Component):
    """Executes a program for one element after the other; it never waits.

    Latency: each streamed input enters, and each new value leaves, in the cycle that the schedule says.

    Parameters
    ----------
    steps : Schedule
    spacing : int
        Fewest cycles from an element to the next one.

    Members
    -------
    active : In(steps.latency_cycles)
        Bit n: an element is in the schedule's cycle n.
    <input> : In(Float32)
        An operand of the program; streamed ones are looked at in their cycle, others are constant from the cycle
        before their first use on.
    new_<input> : Out(Float32)
        The new value of a streamed input.
    """

    def __init__(self, steps: Schedule, spacing: int):
        self._steps = steps
        self._spacing = spacing
        names = dict.fromkeys(name for step in steps.steps for name in step.operands if isinstance(name, str))
        self._constants = tuple(name for name in names if name not in steps.entries)
        super().__init__(
            {"active": In(steps.latency_cycles)}
            | {name: In(Float32()) for name in names}
            | {f"new_{name}": Out(Float32()) for name in steps.results}
        )

    def elaborate(self, platform):
        m = Module()
        steps = self._steps.steps
        there = {name: (getattr(self, name), cycle) for name, cycle in self._steps.entries.items()}
        longest = dict.fromkeys(there, 0)
        for index, step in enumerate(steps):
            longest[index] = 0
            for source in step.operands:
                if source not in self._constants:
                    ready = steps[source].end_cycle if isinstance(source, int) else there[source][1]
                    longest[source] = max(longest[source], step.start_cycle - ready)

        constants = {name: Signal(Float32(), name=f"{name}_here", reset_less=True) for name in self._constants}
        m.d.sync += [constant.eq(getattr(self, name)) for name, constant in constants.items()]
        taps = {}

        def at(source, cycle):
            """A value as it is needed in a cycle."""
            if source in self._constants:
                return constants[source]
            value, ready = there[source]
            if source not in taps:
                taps[source] = [value]
                if longest[source]:
                    line = place(m, f"delay_{source}", DelayLine(longest[source]), platform)
                    m.d.comb += line.i.eq(value)
                    taps[source].extend(line.taps)
            return taps[source][cycle - ready]

        for index, step in enumerate(steps):
            unit = self._place_unit(m, index, step, platform)
            operands = [at(source, step.start_cycle) for source in step.operands]
            m.d.comb += [
                unit.valid.eq(self.active[step.start_cycle]),
                unit.operands.a.eq(operands[0]),
                unit.operands.b.eq(operands[-1]),
            ]
            there[index] = (unit.result, step.end_cycle)
        for name, index in self._steps.results.items():
            m.d.comb += getattr(self, f"new_{name}").eq(there[index][0])
        return m

    def _place_unit(self, m, index, step, platform):
        """The unit of a step."""
        name = f"step_{index}_{step.operation.value}"
        if step.operation in (RealOperation.DIVIDE, RealOperation.SQUARE_ROOT):
            return place(m, name, RoundRobin(step.operation, self._spacing), platform)
        if step.operation is RealOperation.MULTIPLY:
            unit = place(m, name, Multiplier(), platform)
        else:
            unit = place(m, name, Adder(), platform)
            m.d.comb += unit.subtract.eq(step.operation is RealOperation.SUBTRACT)
        m.d.comb += unit.advance.eq(1)
        return unit
