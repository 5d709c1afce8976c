"""Runs a sweep: what is known is taken from the store, the rest is computed in batches."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.experiment import Experiment, Problem

from ..closed_form.problem import ProblemShape
from ..energy_table import EnergyTable
from .description import SweepFile
from .evaluate import Batch, Short
from .executors import Results
from .front import front
from .points import Point, Space, described
from .store import Outcome, Store

_BATCH = 200
_TRAINED = 1
"""Points of a batch, in closed form and with trainings."""

Execute = Callable[[Sequence[Batch]], Results]
Exact = Callable[[Experiment, AcceleratorConfig, int], int]
"""Cycles of a compiled step with a memory latency; raises UserError where it does not fit."""


@dataclass
class Row:
    """A point and what it costs.

    Parameters
    ----------
    point : Point
    key : str
        The hash of all that it says; empty where it is refused.
    outcome : mapping
        Figures, or ``failed`` with the reason.
    in_front : bool
        Whether no point of its experiment beats it.
    exact_cycles : int or None
        Of the compiled step, where that was asked for.
    exact_failed : str
        Why it could not be compiled.
    """

    point: Point
    key: str
    outcome: Outcome
    in_front: bool = False
    exact_cycles: int | None = None
    exact_failed: str = ""

    @property
    def error(self) -> float | None:
        """Of the closed form's cycles, relative to the compiled step's."""
        return None if self.exact_cycles is None else self.outcome["cycles"] / self.exact_cycles - 1


class Run:
    """A sweep with a store.

    Parameters
    ----------
    space : Space
        Its points.
    sweep : SweepFile
        What it asks for.
    table : EnergyTable
        Energies.
    store : Store
        Where results are kept.
    version : str
        Of the model; a result of another one is not used.
    """

    def __init__(self, space: Space, sweep: SweepFile, table: EnergyTable, store: Store, version: str) -> None:
        self._sweep, self._table, self._store, self._space = sweep, table, store, space
        shared = [version, table.model_dump(mode="json"), sweep.memory_latency]
        shared.append(sweep.accuracy.model_dump(mode="json") if sweep.accuracy else None)
        self._shared = json.dumps(shared, sort_keys=True)
        self._texts: dict[int, tuple[object, str]] = {}
        self.rows = [self._row(point) for point in space.points()]

    @property
    def todo(self) -> list[Row]:
        """Points without a result, those of one accelerator together."""
        missing = {row.key: row for row in self.rows if row.key and not row.outcome}
        return sorted(missing.values(), key=lambda row: (id(row.point.config), id(row.point.experiment)))

    def complete(
        self,
        execute: Execute,
        problem: Callable[[Problem], ProblemShape],
        short: Short | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Compute what is missing; results are kept batch by batch.

        Parameters
        ----------
        execute : callable
            Computes batches.
        problem : callable
            Sizes of a problem.
        short : Short, optional
            Trains, where accuracy is an objective.
        progress : callable
            Told how many points a batch had.
        """
        size = _BATCH if short is None else _TRAINED
        todo = self.todo
        batches = [self._batch(todo[at : at + size], problem, short) for at in range(0, len(todo), size)]
        for results in execute(batches):
            self._store.add(results)
            progress(len(results))
        for row in self.rows:
            if row.key:
                row.outcome = self._store.get(row.key) or {"failed": "not computed"}
        for base in range(len(self._space.bases)):
            own = [row for row in self.rows if row.point.base == base]
            table = [[row.outcome.get(name, float("nan")) for name in self._sweep.objectives] for row in own]
            for place in front(table) if own else []:
                own[place].in_front = True

    def fronts(self) -> Iterator[tuple[str, list[Row]]]:
        """The front of each experiment, best first in the first objective."""
        for number, base in enumerate(self._space.bases):
            rows = [row for row in self.rows if row.in_front and row.point.base == number]
            yield base.name, sorted(rows, key=lambda row: [row.outcome[name] for name in self._sweep.objectives])

    def first_of_fronts(self) -> list[Row]:
        """The points of each front that the sweep wants compiled: those of fewest cycles."""
        return [
            row
            for _, rows in self.fronts()
            for row in sorted(rows, key=lambda row: row.outcome["cycles"])[: self._sweep.exact]
        ]

    def compile(
        self, rows: Sequence[Row], exact: Exact, version: str, progress: Callable[[int], None] = lambda _: None
    ) -> None:
        """Compile points, which takes seconds to minutes each; results are kept."""
        for row in rows:
            self._compile(row, exact, version)
            progress(1)

    def _compile(self, row: Row, exact: Exact, version: str) -> None:
        assert row.point.experiment is not None and row.point.config is not None
        key = _hash(f"exact {version} {row.key}")
        found = self._store.get(key)
        if found is None:
            try:
                found = {"cycles": exact(row.point.experiment, row.point.config, self._sweep.memory_latency)}
            except Exception as error:  # the compiler may refuse what the closed form lets through
                found = {"failed": str(error) or type(error).__name__}
            self._store.add([(key, found)])
        row.exact_cycles, row.exact_failed = found.get("cycles"), found.get("failed", "")

    def _row(self, point: Point) -> Row:
        if point.experiment is None or point.config is None:
            return Row(point, "", {"failed": point.refused})
        experiment = self._text(point.experiment, described)
        config = self._text(point.config, lambda config: json.dumps(dataclasses.asdict(config), sort_keys=True))
        key = _hash(f"{self._shared} {experiment} {config}")
        return Row(point, key, self._store.get(key) or {})

    def _text(self, thing: Any, describe: Callable[[Any], str]) -> str:
        """A hash of what describes an object, which all points that share it share."""
        if id(thing) not in self._texts:
            self._texts[id(thing)] = thing, _hash(describe(thing))
        return self._texts[id(thing)][1]

    def _batch(self, rows: Sequence[Row], problem: Callable[[Problem], ProblemShape], short: Short | None) -> Batch:
        experiments: dict[int, Experiment] = {}
        configs: dict[int, AcceleratorConfig] = {}
        places = []
        for row in rows:
            assert row.point.experiment is not None and row.point.config is not None
            experiments.setdefault(id(row.point.experiment), row.point.experiment)
            configs.setdefault(id(row.point.config), row.point.config)
            places.append((id(row.point.experiment), id(row.point.config)))
        of_experiment, of_config = _indices(experiments), _indices(configs)
        return Batch(
            tuple(row.key for row in rows),
            tuple(experiments.values()),
            tuple(problem(experiment.problem) for experiment in experiments.values()),
            tuple(configs.values()),
            tuple((of_experiment[one], of_config[other]) for one, other in places),
            self._table,
            self._sweep.memory_latency,
            short,
        )


def _indices(things: Mapping[int, object]) -> dict[int, int]:
    return {key: index for index, key in enumerate(things)}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
