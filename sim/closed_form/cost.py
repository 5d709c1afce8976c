"""Cycles and events of the work of a step, on one accelerator."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from pinta_hw.spec.activity import MOST, Activity
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

_CHAINS = ("weights", "weights' gradients")
"""Phases of chains, in which each operation waits for the one before."""


@dataclass(frozen=True)
class UnitWork:
    """What a unit does in a step: instructions, and the cycles that it is busy."""

    instructions: int
    cycles: int


@dataclass(frozen=True)
class _Totals:
    """Of some work."""

    units: Mapping[Unit, UnitWork]
    counts: Counts


class _Costs:
    """Costs of single operations, and of whole steps without their transfers, each computed once."""

    def __init__(self, config: AcceleratorConfig, memory_latency: int, activity: Activity) -> None:
        self._config, self._latency, self._activity = config, memory_latency, activity
        self._single: dict[Work, tuple[Unit, int, Counts]] = {}
        self._steps: dict[int, tuple[StepWork, _Totals, int]] = {}

    def of_work(self, work: Work) -> tuple[Unit, int, Counts]:
        """Unit, cycles and events of an operation."""
        found = self._single.get(work)
        if found is None:
            operation = work.operation(self._config)
            cycles = operation_cycles(self._config, operation, self._latency)
            found = UNIT_OF[type(operation)], cycles, operation_events(self._config, operation, self._activity)
            self._single[work] = found
        return found

    def of_step(self, step: StepWork) -> tuple[_Totals, int]:
        """All that a step does everywhere alike, and the cycles of conversions in chains."""
        known = self._steps.get(id(step))
        if known is None:
            every = [pair for counts in step.phases.values() for pair in counts.items()]
            chained = [pair for phase in _CHAINS for pair in step.phases.get(phase, {}).items()]
            chain = self.total(dict(_summed(chained))).units[Unit.CONVERT].cycles
            known = self._steps[id(step)] = step, self.total(dict(_summed(every))), chain
        return known[1:]

    def total(self, work: Mapping[Work, int]) -> _Totals:
        """Of operations by their number."""
        instructions, cycles = dict.fromkeys(Unit, 0), dict.fromkeys(Unit, 0)
        total: Counts = Counter()
        for each, count in work.items():
            unit, own, events = self.of_work(each)
            instructions[unit] += count
            cycles[unit] += count * own
            for event, number in events.items():
                total[event] += count * number
        return _Totals({unit: UnitWork(instructions[unit], cycles[unit]) for unit in Unit}, total)


def _summed(pairs: list[tuple[Work, int]]) -> Counter[Work]:
    total: Counter[Work] = Counter()
    for work, count in pairs:
        total[work] += count
    return total


@lru_cache(maxsize=256)
def _costs(config: AcceleratorConfig, memory_latency: int, activity: Activity) -> _Costs:
    return _Costs(config, memory_latency, activity)


class CostModel:
    """Costs on one accelerator.

    Parameters
    ----------
    config : AcceleratorConfig
        The accelerator.
    memory_latency : int
        Of the AXI memory, in cycles.
    activity : Activity
        Of every matrix product; by default nothing is zero, so that energies are upper bounds.
    """

    def __init__(
        self,
        config: AcceleratorConfig,
        memory_latency: int = MEMORY_LATENCY_CYCLES,
        activity: Activity = MOST,
    ) -> None:
        self.config = config
        self.memory_latency = memory_latency
        # Sizes of memories and the clock change no operation.
        alike = replace(config, name="", groups=3, words=16, real_words=16, program_depth=1, clock_ghz=1.0)
        self._costs = _costs(alike, memory_latency, activity)

    def phases(self, step: StepWork) -> dict[str, Mapping[Work, int]]:
        """All work of a step by phase, with the transfers that it takes on this accelerator."""
        return {**step.phases, LOAD: loads(self.config, step.tables)}

    def units(self, step: StepWork) -> dict[Unit, UnitWork]:
        """What each unit does in a step."""
        return self.whole(step)[0]

    def counts(self, step: StepWork) -> Counts:
        """All events of a step."""
        return self.whole(step)[1]

    def units_of(self, work: Mapping[Work, int]) -> Mapping[Unit, UnitWork]:
        """What each unit does in some work, such as that of a phase."""
        return self._costs.total(work).units

    def whole(self, step: StepWork) -> tuple[dict[Unit, UnitWork], Counts]:
        """Both at once."""
        (own, _), moved = self._costs.of_step(step), self._costs.total(loads(self.config, step.tables))
        units = dict(own.units)
        for unit, more in moved.units.items():
            units[unit] = UnitWork(units[unit].instructions + more.instructions, units[unit].cycles + more.cycles)
        return units, own.counts + moved.counts

    def chain(self, step: StepWork) -> int:
        """Cycles of the conversions between master weights and what a step multiplies with, there and back."""
        return self._costs.of_step(step)[1]
