"""When each step of an FP32 program happens in a pipeline that accepts new operands all the time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .real import REAL_TIMING, RealOperation, RealProgram


def pipelined_latency_cycles(operation: RealOperation) -> int:
    """From operands to result; behind the units that share the work of a digit recurrence stands one more register."""
    timing = REAL_TIMING[operation]
    return timing.latency_cycles + (timing.interval_cycles > 1)


@dataclass(frozen=True)
class ScheduledStep:
    """A step in its place.

    Parameters
    ----------
    operation : RealOperation
    operands : tuple of int or str
        The step that makes it, by its index, or the name of an input.
    start_cycle : int
        When its operands enter.
    """

    operation: RealOperation
    operands: tuple[int | str, ...]
    start_cycle: int

    @property
    def end_cycle(self) -> int:
        """When its result stands at the output."""
        return self.start_cycle + pipelined_latency_cycles(self.operation)


@dataclass(frozen=True)
class Schedule:
    """A program in cycles, counted from the first entry of a streamed input.

    Parameters
    ----------
    steps : tuple of ScheduledStep
        In the order of the program.
    entries : mapping of str to int
        When each streamed input has to be there first.
    results : mapping of str to int
        The last step that gives a streamed input a new value, for those that have one.
    """

    steps: tuple[ScheduledStep, ...]
    entries: Mapping[str, int]
    results: Mapping[str, int]

    @property
    def latency_cycles(self) -> int:
        """From the first entry to the last result."""
        return max(step.end_cycle for step in self.steps)


def schedule(program: RealProgram, streamed: Collection[str]) -> Schedule:
    """Every step as late as those that need it allow, so that nothing waits that could be computed later.

    Parameters
    ----------
    program : RealProgram
    streamed : collection of str
        Inputs that change with every element; the others are constant.
    """
    made: dict[str, int] = {}
    operands: list[tuple[int | str, ...]] = []
    earliest_ends: list[int] = []
    for index, step in enumerate(program):
        operands.append(tuple(made.get(name, name) for name in step.operands))
        start = max((earliest_ends[source] for source in operands[-1] if isinstance(source, int)), default=0)
        earliest_ends.append(start + pipelined_latency_cycles(step.operation))
        made[step.result] = index

    needed: dict[int | str, int] = {}
    steps: list[ScheduledStep] = []
    for index in reversed(range(len(program))):
        operation = program[index].operation
        start = needed.get(index, max(earliest_ends)) - pipelined_latency_cycles(operation)
        for source in operands[index]:
            needed[source] = min(start, needed.get(source, start))
        steps.insert(0, ScheduledStep(operation, operands[index], start))
    return Schedule(
        tuple(steps),
        {name: needed[name] for name in streamed if name in needed},
        {name: made[name] for name in streamed if name in made},
    )
