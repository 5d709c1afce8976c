"""The order of a program's operations: those that need nothing of each other overlap.

Operations of one unit run one after the other, and two that share a memory group do not run at the same time. The
order is that of a list schedule: whatever can begin first comes first, among equals what the longest chain of others
waits for. None overtakes more than a given number of others, so that memory does not fill with what is needed much
later.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

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
    touched: dict[Hashable, list[tuple[int, int, int, bool]]] = {}
    found: list[set[int]] = []
    for index, task in enumerate(tasks):
        own = [(*interval, False) for interval in task.reads] + [(*interval, True) for interval in task.writes]
        before = {
            other
            for memory, first, end, writes in own
            for other, low, high, wrote in touched.get(memory, ())
            if (writes or wrote) and low < end and first < high
        }
        for memory, first, end, writes in own:
            touched.setdefault(memory, []).append((index, first, end, writes))
        found.append(before)
    return found


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
    waiting = set(range(len(tasks)))
    ready = {index for index in waiting if not before[index]}
    while ready:
        reach = min(waiting) + window
        begin = {index: _begin(tasks[index], before[index], ends, free) for index in ready if index <= reach}
        chosen = min(begin, key=lambda index: (begin[index], -urgency[index], index))
        task, start = tasks[chosen], begin[chosen]
        end = start + task.cycles
        ends[chosen] = end
        free |= dict.fromkeys((task.unit, *task.groups), end)
        slots.append(Slot(chosen, start, end))
        waiting.remove(chosen)
        ready.remove(chosen)
        ready |= {index for index in after[chosen] if not before[index] & waiting}
    assert not waiting
    return slots


def _begin(task: Task, before: set[int], ends: Mapping[int, int], free: Mapping[Hashable, int]) -> int:
    """When a task may begin: its unit and its groups are free, and those before it have ended."""
    held = (free.get(each, 0) for each in (task.unit, *task.groups))
    return max(*held, *(ends[other] for other in before), 0)
