"""Energies of events, from the netlists under a program that they are measured with."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from golden.lowering.compiler import Lowered
from pinta_hw.spec.control_timing import section_cycles, section_spans
from pinta_hw.spec.isa.instruction import Instruction, Unit
from pinta_hw.spec.operation_timing import operation_cycles
from rtl_gen.synthesis.least_squares import not_negative
from sim.area import MEMORIES, area_um2, flip_flops
from sim.events import Counts, Event
from sim.operation_events import operation_events
from sim.part_energy import part_of

from .measurement import Measurement
from .programs import executed


@dataclass(frozen=True)
class Energies:
    """What the netlists say.

    Parameters
    ----------
    events_pj : dict of Event to float
        Of one event: everything that it moves, the clock of registers that it opens included, but no memory.
    clock_pj : dict of str to float
        By part of `sim.area`, of a flip-flop and cycle, while the part does nothing.
    leakage_nw_per_um2 : float
    """

    events_pj: dict[Event, float]
    clock_pj: dict[str, float]
    leakage_nw_per_um2: float


@dataclass(frozen=True)
class _Executed:
    instruction: Instruction
    first: int
    last: int
    counts: Counts


def energies(lowered: Lowered, measured: Measurement) -> Energies:
    """Energies of events that add up to what was measured, part by part.

    Of the program's operations each gives one equation for the events of its unit; least squares solve them without
    negative energies. What a part spends in its quietest cycle is its clock.
    """
    fit = _Fit(lowered, measured)
    fit.array()
    fit.share("quantizers", Event.QUANTIZE)
    fit.update()
    fit.solve("operands and results", Unit.GEMM, Event.FETCH, Event.ROUND)
    fit.solve("elementwise unit", Unit.ELEMENTWISE, Event.ELEMENT_MULTIPLY, Event.ELEMENT_ADD, Event.TABLE_READ)
    fit.share("converter", Event.CONVERT)
    fit.share("residual unit", Event.VECTOR)
    fit.share("scratchpad switch", Event.SCRATCHPAD_READ, Event.SCRATCHPAD_WRITE)
    fit.share("real memory switch", Event.REAL_READ, Event.REAL_WRITE)
    fit.share("transfer", Event.BEAT)
    fit.share("control", Event.INSTRUCTION)
    registers, areas = flip_flops(lowered.config), area_um2(lowered.config)
    logic_um2 = sum(area for part, area in areas.items() if part not in MEMORIES)
    leakage_mw = sum(part.leakage_mw for part in measured.parts.values())
    return Energies(
        {event: fit.found.get(event, 0.0) for event in Event},
        {part: idle / registers[part] for part, idle in fit.idle.items()},
        1e6 * leakage_mw / logic_um2,
    )


class _Fit:
    def __init__(self, lowered: Lowered, measured: Measurement) -> None:
        self._measured = measured
        # The control counts cycles while a program runs; all others have cycles in which they rest.
        self.idle = {
            part: float(np.median(group.clock_pj) if part == "control" else group.clock_pj.min())
            for part, group in measured.parts.items()
        }
        self._clock = {part: group.clock_pj - self.idle[part] for part, group in measured.parts.items()}
        self._dynamic = {part: self._clock[part] + group.data_pj for part, group in measured.parts.items()}
        self._executed = list(_executed(lowered))
        self._totals: Counter[tuple[str, Event]] = Counter()
        for each in self._executed:
            for event, count in each.counts.items():
                self._totals[part_of(each.instruction.unit, event), event] += count
        self.found: dict[Event, float] = {}

    def share(self, part: str, *events: Event) -> None:
        """The same energy for all events of a part."""
        count = sum(self._totals[part, event] for event in events)
        energy = max(0.0, self._left(part)) / count if count else 0.0
        self.found |= dict.fromkeys(events, energy)

    def array(self) -> None:
        """Registers take their clock whatever they hold; of all else, an accumulation of zeros takes nothing."""
        part, clock = "array", self._clock["array"]
        registers = self._solved(part, Unit.GEMM, clock, Event.DIGIT_MULTIPLY, Event.ACCUMULATE)
        moved = (Event.DIGIT_MULTIPLY, Event.LIVE_MULTIPLY, Event.LIVE_ACCUMULATE)
        for event, energy in self._solved(part, Unit.GEMM, self._dynamic[part] - clock, *moved).items():
            registers[event] = registers.get(event, 0.0) + energy
        self.found |= registers

    def solve(self, part: str, unit: Unit, *events: Event) -> None:
        """Energies of several events of a part; those known already are taken off before."""
        self.found |= self._solved(part, unit, self._dynamic[part], *events)

    def _solved(self, part: str, unit: Unit, dynamic: npt.NDArray[np.float64], *events: Event) -> dict[Event, float]:
        """The energies of events that explain what operations spend, ``dynamic`` in each cycle."""
        own = [each for each in self._executed if each.instruction.unit is unit]
        counts = np.array([[each.counts[event] for event in events] for each in own], float)
        known = np.array([self._known(part, unit, each.counts) for each in own])
        spent = np.array([dynamic[each.first : each.last + 1].sum() for each in own]) - known
        shares = not_negative(counts, spent)
        # Operations end a little after their last write, so that the sum over all cycles is a little more.
        left = float(dynamic.sum()) - self._explained(part)
        scale = max(0.0, left) / max(float(counts.sum(axis=0) @ shares), 1e-12)
        return {event: float(scale * share) for event, share in zip(events, shares, strict=True)}

    def update(self) -> None:
        """The FP32 operations: their own cells, and in proportion what lies between them."""
        part, total = "update unit", self._left("update unit")
        own = {
            event: sum(
                float((group.data_pj + group.clock_pj - group.clock_pj.min()).sum())
                for name, group in self._measured.groups.items()
                if name.partition(":")[2] in kinds
            )
            for event, kinds in _KINDS.items()
        }
        scale = total / sum(own.values())
        self.found |= {event: scale * spent / self._totals[part, event] for event, spent in own.items()}

    def _left(self, part: str) -> float:
        """What a part spends that known events do not explain."""
        return float(self._dynamic[part].sum()) - self._explained(part)

    def _explained(self, part: str) -> float:
        return sum(
            count * self.found.get(event, 0.0) for (where, event), count in self._totals.items() if where == part
        )

    def _known(self, part: str, unit: Unit, counts: Counts) -> float:
        return sum(
            count * self.found.get(event, 0.0) for event, count in counts.items() if part_of(unit, event) == part
        )


_KINDS = {
    Event.REAL_ADD: ("add", "subtract"),
    Event.REAL_MULTIPLY: ("multiply",),
    Event.REAL_DIVIDE: ("divide",),
    Event.REAL_SQUARE_ROOT: ("square_root",),
}


def _executed(lowered: Lowered) -> Iterator[_Executed]:
    """Every operation of a program, its first and last cycle, and its events."""
    config, program = lowered.config, lowered.program
    sections = [(program.prologue, 0), *((program.body, step) for step in range(program.steps)), (program.epilogue, 0)]
    activities = (activity for _, activity in executed(lowered))
    begin = 0
    for section, step in sections:
        durations = [operation_cycles(config, each.operation, step=step) for each in section]
        for each, span, activity in zip(section, section_spans(section, durations), activities, strict=False):
            events = operation_events(config, each.operation, activity)
            yield _Executed(each, begin + span.start, begin + span.done, events)
        begin += section_cycles(section, durations)
