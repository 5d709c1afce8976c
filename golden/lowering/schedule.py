"""The order of a program's operations: those that need nothing of each other overlap.

Operations of one unit run one after the other, and two that share a memory group do not run at the same time. The
order is that of a list schedule: whatever can begin first comes first, among equals what the longest chain of others
waits for. None overtakes more than a given number of others, so that memory does not fill with what is needed much
later.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pinta_hw.spec.isa.instruction import Unit

Interval = tuple[Hashable, int, int]
"""A memory, and the range of it that an operation touches."""


@dataclass(frozen=True)
class Task:
    """What a schedule knows of an operation.

    Parameters
    ----------
    unit : Unit
        That executes it.
    cycles : int
        Its duration.
    reads, writes : sequence of Interval
        What it touches.
    groups : frozenset
        Memory groups that it has for itself.
    """

    unit: Unit
    cycles: int
    reads: Sequence[Interval]
    writes: Sequence[Interval]
    groups: frozenset[Hashable] = frozenset()


@dataclass(frozen=True)
class Slot:
    """A task by its number, and when it runs, in cycles from the beginning of the step."""

    task: int
    begin: int
    end: int


def predecessors(tasks: Sequence[Task]) -> list[set[int]]:
    """For each task, those before it whose results it takes, replaces, or whose operands it replaces."""
    touched: dict[Hashable, _Touched] = {}
    found: list[set[int]] = []
    for index, task in enumerate(tasks):
        own = [(*interval, False) for interval in task.reads] + [(*interval, True) for interval in task.writes]
        before: set[int] = set()
        for memory, first, end, writes in own:
            if memory in touched:
                before |= touched[memory].meeting(first, end, writes)
        for memory, first, end, writes in own:
            touched.setdefault(memory, _Touched()).add(index, first, end, writes)
        found.append(before)
    return found


class _Touched:
    """The ranges of a memory that tasks have touched so far."""

    def __init__(self) -> None:
        self._count = 0
        self._rows = np.empty((4, 16), np.int64)  # task, first, end, whether it writes

    def add(self, task: int, first: int, end: int, writes: bool) -> None:
        if self._count == self._rows.shape[1]:
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)], axis=1)
        self._rows[:, self._count] = task, first, end, writes
        self._count += 1

    def meeting(self, first: int, end: int, writes: bool) -> set[int]:
        """Tasks of which one of the two must wait for the other."""
        tasks, lows, highs, wrote = self._rows[:, : self._count]
        meets = (lows < end) & (first < highs)
        return set(tasks[meets if writes else meets & (wrote != 0)].tolist())


def schedule(tasks: Sequence[Task], window: int) -> list[Slot]:
    """The tasks in their new order.

    Parameters
    ----------
    tasks : sequence of Task
        In the order of their meaning.
    window : int
        How many others one may overtake.
    """
    before = predecessors(tasks)
    after: list[list[int]] = [[] for _ in tasks]
    for index, others in enumerate(before):
        for other in others:
            after[other].append(index)
    urgency = [0] * len(tasks)
    for index in reversed(range(len(tasks))):
        urgency[index] = tasks[index].cycles + max((urgency[other] for other in after[index]), default=0)

    ends: dict[int, int] = {}
    free: dict[Hashable, int] = {}
    slots: list[Slot] = []
    missing = [len(others) for others in before]
    ready = {index for index, count in enumerate(missing) if not count}
    done = [False] * (len(tasks) + 1)
    oldest = 0
    while ready:
        while done[oldest]:
            oldest += 1
        reach = oldest + window
        begin = {index: _begin(tasks[index], before[index], ends, free) for index in ready if index <= reach}
        chosen = min(begin, key=lambda index: (begin[index], -urgency[index], index))
        task, start = tasks[chosen], begin[chosen]
        end = start + task.cycles
        ends[chosen] = end
        free |= dict.fromkeys((task.unit, *task.groups), end)
        slots.append(Slot(chosen, start, end))
        done[chosen] = True
        ready.remove(chosen)
        for index in after[chosen]:
            missing[index] -= 1
            if not missing[index]:
                ready.add(index)
    assert len(slots) == len(tasks)
    return slots


def _begin(task: Task, before: set[int], ends: Mapping[int, int], free: Mapping[Hashable, int]) -> int:
    """When a task may begin: its unit and its groups are free, and those before it have ended."""
    held = (free.get(each, 0) for each in (task.unit, *task.groups))
    return max(*held, *(ends[other] for other in before), 0)
