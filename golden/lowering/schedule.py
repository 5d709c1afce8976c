"""The order of a program's operations: those that need nothing of each other overlap.

Operations of one unit run one after the other. The order is that of a list schedule: whatever can begin first comes
first, among equals what the longest chain of others waits for. No operation comes before one of an earlier
micro-batch, so that memory holds one micro-batch at a time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pinta_hw.spec.isa.instruction import Unit

from .tape import RealRegion, Recorded, Use


@dataclass(frozen=True)
class Slot:
    """An operation in the schedule; times in cycles, as far as they are known without places."""

    operation: Recorded
    begin: int
    end: int


def predecessors(operations: Sequence[Recorded]) -> list[set[int]]:
    """For each operation, those before it whose results it takes, replaces, or whose operands it replaces."""
    touched: dict[int, list[tuple[int, int, int, bool]]] = {}
    found: list[set[int]] = []
    for index, operation in enumerate(operations):
        before: set[int] = set()
        for uses, writes in ((operation.reads, False), (operation.writes, True)):
            for use in uses:
                key, first, end = _interval(use)
                for other, low, high, wrote in touched.get(key, ()):
                    if (writes or wrote) and low < end and first < high:
                        before.add(other)
        for uses, writes in ((operation.reads, False), (operation.writes, True)):
            for use in uses:
                key, first, end = _interval(use)
                touched.setdefault(key, []).append((index, first, end, writes))
        before.discard(index)
        found.append(before)
    return found


def schedule(operations: Sequence[Recorded], cycles: Callable[[Recorded], int], window: int) -> list[Slot]:
    """The operations in their new order.

    Parameters
    ----------
    operations : sequence of Recorded
        In the order of their meaning.
    cycles : callable
        Duration of an operation.
    window : int
        How many operations one may overtake: what is computed long before its use fills the memory.
    """
    before = predecessors(operations)
    durations = [cycles(operation) for operation in operations]
    after: list[list[int]] = [[] for _ in operations]
    for index, others in enumerate(before):
        for other in others:
            after[other].append(index)
    urgency = [0] * len(operations)
    for index in reversed(range(len(operations))):
        urgency[index] = durations[index] + max((urgency[other] for other in after[index]), default=0)

    ends: dict[int, int] = {}
    free = dict.fromkeys(Unit, 0)
    slots: list[Slot] = []
    for micro_batch in sorted({operation.micro_batch for operation in operations}):
        waiting = {i for i, operation in enumerate(operations) if operation.micro_batch == micro_batch}
        ready = {i for i in waiting if not before[i] & waiting}
        while ready:
            reach = min(waiting) + window

            def begin(index: int) -> int:
                return max([free[operations[index].unit], *(ends[other] for other in before[index])])

            chosen = min(
                (index for index in ready if index <= reach), key=lambda index: (begin(index), -urgency[index], index)
            )
            start = begin(chosen)
            ends[chosen] = free[operations[chosen].unit] = start + durations[chosen]
            slots.append(Slot(operations[chosen], start, ends[chosen]))
            waiting.remove(chosen)
            ready.remove(chosen)
            ready |= {i for i in after[chosen] if i in waiting and not before[i] & waiting}
        assert not waiting
    return slots


def _interval(use: Use) -> tuple[int, int, int]:
    if isinstance(use, RealRegion):
        return id(use.buffer), use.first, use.end
    buffer, first, end = use.interval
    return id(buffer), first, end
