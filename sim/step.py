"""One step of a program: what runs when, and what everything waits for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pinta_hw.spec.control_timing import CONTROL, Span, section_spans
from pinta_hw.spec.isa.elementwise import Elementwise
from pinta_hw.spec.isa.instruction import Instruction, Operation, Unit

OWN_STREAM = "own stream"
"""Cause of a wait: the unit's own instruction before, and the reading of the next one."""
END_OF_STEP = "end of step"
"""Cause of a wait: the unit has nothing left to do."""


@dataclass(frozen=True)
class Executed:
    """One instruction in a step; cycles count from the step's begin.

    Parameters
    ----------
    unit, phase, name, kind : str
        Who, when, what of the training, and which operation.
    start, done : int
        First and last cycle.
    waits_for : str
        What let it start no earlier: a unit, or `OWN_STREAM`.
    wait_cycles : int
        Idle cycles of its unit before the start.
    """

    unit: str
    phase: str
    name: str
    kind: str
    start: int
    done: int
    waits_for: str
    wait_cycles: int

    @property
    def cycles(self) -> int:
        """From start to done, both included."""
        return self.done - self.start + 1


@dataclass(frozen=True)
class UnitEstimate:
    """A unit in a step.

    Parameters
    ----------
    instructions, busy_cycles : int
        What it executes, and how long.
    wait_cycles : mapping of str to int
        Idle cycles by cause: a unit, `OWN_STREAM`, `END_OF_STEP`. With the busy ones they are the step.
    waits_longest_for : str or None
        The unit that it waits for longest; None where it waits for none.
    """

    instructions: int
    busy_cycles: int
    wait_cycles: Mapping[str, int]
    waits_longest_for: str | None


@dataclass(frozen=True)
class PhaseEstimate:
    """A phase in a step. Phases overlap, so that active cycles add up to more than the step.

    Parameters
    ----------
    instructions : int
        Of the phase.
    active_cycles : int
        Cycles in which at least one of them runs.
    begin, end : int
        First and last cycle of them.
    busy_cycles : mapping of str to int
        Of each unit in this phase; over the phases they add up to the unit's own.
    """

    instructions: int
    active_cycles: int
    begin: int
    end: int
    busy_cycles: Mapping[str, int]


@dataclass(frozen=True)
class StepEstimate:
    """A step.

    Parameters
    ----------
    cycles : int
        From the step's begin to the next one's.
    executed : tuple of Executed
        Instructions in the order of the program.
    units, phases : mappings by name
        In the order of `Unit`, and of their first instruction.
    """

    cycles: int
    executed: tuple[Executed, ...]
    units: Mapping[str, UnitEstimate]
    phases: Mapping[str, PhaseEstimate]


def unit_name(unit: Unit) -> str:
    """As reports call it."""
    return unit.name.lower()


def estimate_step(section: Sequence[Instruction], durations: Sequence[int]) -> StepEstimate:
    """What happens in a section whose instructions take these cycles; see `section_spans`."""
    executed = _executed(section, section_spans(section, durations))
    cycles = max((each.done for each in executed), default=0) + CONTROL.boundary
    return StepEstimate(
        cycles,
        executed,
        {unit_name(unit): _unit([each for each in executed if each.unit == unit_name(unit)], cycles) for unit in Unit},
        {phase: _phase([each for each in executed if each.phase == phase]) for phase in _phases(section)},
    )


def _phases(section: Sequence[Instruction]) -> list[str]:
    return list(dict.fromkeys(instruction.phase for instruction in section))


def _kind(operation: Operation) -> str:
    if isinstance(operation, Elementwise):
        return operation.operation.name.lower()
    return type(operation).__name__.lower()


def _executed(section: Sequence[Instruction], spans: Sequence[Span]) -> tuple[Executed, ...]:
    ended: dict[Unit, list[Span]] = {unit: [] for unit in Unit}
    found = []
    for instruction, span in zip(section, spans, strict=True):
        own = ended[instruction.unit]
        free, latest = 0, CONTROL.first_start
        if own:
            free = own[-1].done + 1
            latest = max(own[-1].done + CONTROL.next_start, own[-1].start + CONTROL.start_interval)
        # Of causes that hold it equally long it is the own stream, which would do so without the others.
        waits_for = OWN_STREAM
        for unit, count in instruction.after.items():
            if count and ended[unit][count - 1].done + CONTROL.next_start > latest:
                latest = ended[unit][count - 1].done + CONTROL.next_start
                waits_for = unit_name(unit)
        found.append(
            Executed(
                unit_name(instruction.unit),
                instruction.phase,
                instruction.name,
                _kind(instruction.operation),
                span.start,
                span.done,
                waits_for,
                span.start - free,
            )
        )
        own.append(span)
    return tuple(found)


def _unit(own: Sequence[Executed], cycles: int) -> UnitEstimate:
    waits: Counter[str] = Counter()
    for each in own:
        waits[each.waits_for] += each.wait_cycles
    waits[END_OF_STEP] = cycles - (own[-1].done + 1 if own else 0)
    others = {cause: count for cause, count in waits.items() if cause not in (OWN_STREAM, END_OF_STEP)}
    return UnitEstimate(
        len(own), sum(each.cycles for each in own), dict(waits), max(others, key=others.__getitem__, default=None)
    )


def _phase(own: Sequence[Executed]) -> PhaseEstimate:
    busy: Counter[str] = Counter()
    active, reached = 0, -1
    for each in sorted(own, key=lambda each: each.start):
        busy[each.unit] += each.cycles
        active += max(0, each.done - max(reached, each.start - 1))
        reached = max(reached, each.done)
    return PhaseEstimate(len(own), active, min(each.start for each in own), reached, dict(busy))
