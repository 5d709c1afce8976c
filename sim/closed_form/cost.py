"""Cycles and events of the work of a step, on one accelerator."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.instruction import UNIT_OF, Unit
from pinta_hw.spec.operation_timing import MEMORY_LATENCY_CYCLES, operation_cycles

from ..events import Counts
from ..operation_events import operation_events
from .step import StepWork
from .tables import loads
from .work import Work

LOAD = "load"
"""Phase of the transfers from outside."""


@dataclass(frozen=True)
class UnitWork:
    """What a unit does in a step: instructions, and the cycles that it is busy."""

    instructions: int
    cycles: int


class CostModel:
    """Costs of single operations, each computed once.

    Parameters
    ----------
    config : AcceleratorConfig
        The accelerator.
    memory_latency : int
        Of the AXI memory, in cycles.
    """

    def __init__(self, config: AcceleratorConfig, memory_latency: int = MEMORY_LATENCY_CYCLES) -> None:
        self.config = config
        self._latency = memory_latency
        self._cycles: dict[Work, tuple[Unit, int]] = {}
        self._events: dict[Work, Counts] = {}

    def cycles(self, work: Work) -> tuple[Unit, int]:
        """The unit that does it, and for how long."""
        found = self._cycles.get(work)
        if found is None:
            operation = work.operation(self.config)
            found = UNIT_OF[type(operation)], operation_cycles(self.config, operation, self._latency)
            self._cycles[work] = found
        return found

    def events(self, work: Work) -> Counts:
        """What happens meanwhile."""
        found = self._events.get(work)
        if found is None:
            found = self._events[work] = operation_events(self.config, work.operation(self.config))
        return found

    def phases(self, step: StepWork) -> dict[str, Mapping[Work, int]]:
        """All work of a step by phase, with the transfers that it takes on this accelerator."""
        every: dict[str, Mapping[Work, int]] = dict(step.phases)
        every[LOAD] = loads(self.config, step.tables)
        return every

    def units(self, step: StepWork) -> dict[Unit, UnitWork]:
        """What each unit does."""
        instructions, cycles = dict.fromkeys(Unit, 0), dict.fromkeys(Unit, 0)
        for counts in self.phases(step).values():
            for work, count in counts.items():
                unit, own = self.cycles(work)
                instructions[unit] += count
                cycles[unit] += count * own
        return {unit: UnitWork(instructions[unit], cycles[unit]) for unit in Unit}

    def counts(self, step: StepWork) -> Counts:
        """All events of a step."""
        total: Counts = Counter()
        for counts in self.phases(step).values():
            for work, count in counts.items():
                for event, number in self.events(work).items():
                    total[event] += count * number
        return total
