"""Cycles of the control: when the instructions of a section start, in closed form.

The gateware follows these figures and the models read them; the tests compare them with the RTL.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .isa.instruction import Instruction, Unit

STEP_BITS = 24
"""Width of the number of steps."""


@dataclass(frozen=True)
class ControlTiming:
    """Cycles between the events of a section."""

    first_start: int = 4
    """From a section's begin to the first start of a unit that waits for nobody."""
    next_start: int = 2
    """From a done, of the unit itself or of one that it waits for, to the start that follows."""
    start_interval: int = 3
    """From one start of a unit to its next one, at least: an instruction is read and decoded meanwhile."""
    boundary: int = 2
    """From a section's last done, or an empty section's begin, to the next section's begin or the program's end."""


CONTROL = ControlTiming()


@dataclass(frozen=True)
class Span:
    """An instruction's first and last cycle, counted from its section's begin."""

    start: int
    done: int


def section_spans(section: Sequence[Instruction], durations: Sequence[int]) -> list[Span]:
    """When each instruction runs.

    Parameters
    ----------
    section : sequence of Instruction
        In an order in which every instruction comes after those that it waits for.
    durations : sequence of int
        Cycles from each instruction's start to its done, both included.
    """
    ended: dict[Unit, list[Span]] = {unit: [] for unit in Unit}
    spans = []
    for instruction, duration in zip(section, durations, strict=True):
        earliest = [CONTROL.first_start]
        own = ended[instruction.unit]
        if own:
            earliest += [own[-1].done + CONTROL.next_start, own[-1].start + CONTROL.start_interval]
        earliest += [
            ended[unit][count - 1].done + CONTROL.next_start for unit, count in instruction.after.items() if count
        ]
        start = max(earliest)
        spans.append(Span(start, start + duration - 1))
        own.append(spans[-1])
    return spans


def section_cycles(section: Sequence[Instruction], durations: Sequence[int]) -> int:
    """Cycles from a section's begin to the next one's, or to the program's end.

    The program takes the sum of its sections' cycles, the body counted once a step.
    """
    return max((span.done for span in section_spans(section, durations)), default=0) + CONTROL.boundary
