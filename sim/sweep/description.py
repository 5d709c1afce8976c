"""What a sweep is: a YAML file."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from pinta_hw.spec import yaml_file
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.operation_timing import MEMORY_LATENCY_CYCLES

SECTIONS = ("accelerator", "problem", "network", "estimator", "precision", "training")
Objective = Literal["cycles", "time", "energy", "chip_energy", "area", "accuracy"]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sampler(_Section):
    """Some points of the grid instead of all, by a sequence of `scipy.stats.qmc`."""

    name: Literal["sobol", "halton", "latin-hypercube"]
    points: Annotated[int, Field(ge=1, le=10_000_000)]
    """Some of them may be the same, which count once."""
    seed: Annotated[int, Field(ge=0)] = 0


class Accuracy(_Section):
    """The short training behind the objective ``accuracy``: the median of the relative L2 error over the seeds."""

    steps: Annotated[int, Field(ge=1)]
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = (0,)


class SweepFile(_Section):
    """The whole file."""

    name: Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9._-]+$")]
    experiments: Annotated[tuple[str, ...], Field(min_length=1)]
    """Files, relative to this one; each has a front of its own."""
    accelerator: str | None = None
    """A preset or a path; each experiment's own where not given."""
    parameters: Annotated[dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]], Field(min_length=1)]
    """Values by key: ``accelerator.groups``, ``network.tt.rank``."""
    sampler: Literal["grid"] | Sampler = "grid"
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1)] = ("cycles", "energy", "area")
    """What the front weighs against each other; less is better."""
    accuracy: Accuracy | None = None
    energy_table: str = "published-7nm"
    memory_latency: Annotated[int, Field(ge=1)] = MEMORY_LATENCY_CYCLES
    """Cycles."""
    exact: Annotated[int, Field(ge=0)] = 0
    """Points of each front, those of fewest cycles first, that are compiled as well, to show the error."""

    @field_validator("parameters")
    @classmethod
    def _check_parameters(cls, value: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
        for key in value:
            section, _, rest = key.partition(".")
            if section not in SECTIONS or not rest:
                raise UserError(f"{key!r} is no key; allowed: a section and a key of it, {', '.join(SECTIONS)}")
        return value


def load_sweep(path: str | Path) -> SweepFile:
    """Read and check a sweep file.

    Raises
    ------
    UserError
        For the first mistake: file, key, value, what is allowed.
    """
    sweep = yaml_file.load(path, SweepFile)
    if len(set(sweep.objectives)) < len(sweep.objectives):
        raise UserError(f"{path}: objectives: {', '.join(sweep.objectives)}; allowed: each one once")
    if ("accuracy" in sweep.objectives) != (sweep.accuracy is not None):
        raise UserError(f"{path}: accuracy: goes with the objective accuracy; allowed: both or neither")
    return sweep
