"""An accuracy table: experiments and the ways to train each, read from a YAML file."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from . import yaml_file
from .errors import UserError
from .experiment import Experiment, load_experiment

Changes = dict[str, dict[str, Any]]
"""Keys of an experiment's sections that replace its own; a section whose ``name`` changes is replaced whole."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Row(_Section):
    """One way to train experiments."""

    name: Annotated[str, Field(min_length=1)]
    baseline: Literal["ad", "forward-laplacian"] | None = None
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = (0,)
    shortened: bool = False
    """Whether it trains for the steps that the table's ``shortened`` gives."""
    only: tuple[str, ...] = ()
    """Names of the experiments that it trains; all where none is given."""
    changes: Changes = {}
    of: dict[str, Changes] = {}
    """More changes for single experiments, by name."""


class Table(_Section):
    """The whole file."""

    experiments: Annotated[tuple[str, ...], Field(min_length=1)]
    """Files, relative to this one."""
    changes: dict[str, Changes] = {}
    """Changes to single experiments, by name, in all rows alike: fewer steps, say."""
    shortened: dict[str, Annotated[int, Field(ge=1)]] = {}
    """Steps of the shortened rows by the name of the experiment; where an experiment has none, it lacks those rows."""
    rows: Annotated[tuple[Row, ...], Field(min_length=1)]


class Cell(_Section):
    """The trainings of one experiment in one way."""

    row: Row
    full_steps: int
    """Of the experiment's file."""
    runs: tuple[Experiment, ...]
    """One for each seed."""


def load_table(path: str | Path) -> dict[str, list[Cell]]:
    """Cells of a table by the name of the experiment, rows in order.

    Raises
    ------
    UserError
        For the first mistake in the table, in an experiment, or in what the changes make of it.
    """
    table = yaml_file.load(path, Table)
    loaded = {e.name: e for e in (load_experiment(Path(path).parent / file) for file in table.experiments)}
    for name in (*table.changes, *table.shortened, *(name for row in table.rows for name in (*row.of, *row.only))):
        if name not in loaded:
            raise UserError(f"{path}: experiment {name!r} is not in the table; allowed: {', '.join(loaded)}")
    return {
        name: [
            _cell(path, table, row, experiment)
            for row in table.rows
            if (not row.shortened or name in table.shortened) and (not row.only or name in row.only)
        ]
        for name, experiment in loaded.items()
    }


def _cell(path: str | Path, table: Table, row: Row, experiment: Experiment) -> Cell:
    content = experiment.model_dump(mode="json", exclude_unset=True)
    for changes in (table.changes.get(experiment.name, {}), row.changes, row.of.get(experiment.name, {})):
        for section, keys in changes.items():
            own = content.get(section, {})
            same = "name" not in keys or keys["name"] == own.get("name")
            content[section] = {**own, **keys} if same else keys
    if row.shortened:
        content["training"] = {**content["training"], "steps": table.shortened[experiment.name]}
    runs = []
    for seed in row.seeds:
        content["training"] = {**content["training"], "seed": seed}
        runs.append(yaml_file.validate(content, Experiment, f"{path}: row {row.name!r} of {experiment.name}"))
    return Cell(row=row, full_steps=experiment.training.steps, runs=tuple(runs))
