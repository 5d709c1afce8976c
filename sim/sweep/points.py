"""The points of a sweep: values, and the experiment and the accelerator that they make."""

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import qmc

from pinta_hw.spec import yaml_file
from pinta_hw.spec.config import AcceleratorConfig, Grouping
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment, UserProblem, load_experiment
from pinta_hw.spec.presets import load_config

from .description import Sampler, SweepFile

_ACCELERATOR = "accelerator."
_UNITS = "units"
_ENGINES = {"sobol": qmc.Sobol, "halton": qmc.Halton, "latin-hypercube": qmc.LatinHypercube}

Values = tuple[Any, ...]
"""One for each parameter, in the order of the file."""


@dataclass(frozen=True)
class Point:
    """One point.

    Parameters
    ----------
    base : int
        The experiment, by its place in the file.
    values : tuple
        Of the parameters.
    experiment, config : Experiment, AcceleratorConfig
        What they make; None where that is impossible.
    refused : str
        Why.
    """

    base: int
    values: Values
    experiment: Experiment | None
    config: AcceleratorConfig | None
    refused: str = ""


class Space:
    """All that a sweep's parameters can make.

    Parameters
    ----------
    path : Path
        The sweep's file, to which experiments are relative.
    sweep : SweepFile
        What it says.

    Raises
    ------
    UserError
        If an experiment cannot be read, or a parameter is no key of any section.
    """

    def __init__(self, path: Path, sweep: SweepFile) -> None:
        self._sweep = sweep
        self.bases = [load_experiment(path.parent / file) for file in sweep.experiments]
        names = [base.name for base in self.bases]
        if len(set(names)) < len(names):
            raise UserError(f"{path}: experiments: {', '.join(names)}; allowed: experiments of different names")
        self._configs = [load_config(sweep.accelerator or base.accelerator) for base in self.bases]
        self._keys = tuple(sweep.parameters)
        self._experiment = lru_cache(maxsize=None)(self._make_experiment)
        self._config = lru_cache(maxsize=None)(self._make_config)
        self._refuse_unknown_keys(path)

    def points(self) -> Iterator[Point]:
        """The points in order; those of a sampler that are the same, once."""
        for base in range(len(self.bases)):
            for values in self._chosen():
                yield self.point(base, values)

    def point(self, base: int, values: Values) -> Point:
        """What some values make of an experiment."""
        of_config = [key.startswith(_ACCELERATOR) for key in self._keys]
        own, rest = (
            _frozen(v if yes == wanted else None for v, yes in zip(values, of_config, strict=True))
            for wanted in (True, False)
        )
        try:
            return Point(base, values, self._experiment(base, rest), self._config(base, own))
        except UserError as error:
            return Point(base, values, None, None, str(error))

    def _chosen(self) -> Iterator[Values]:
        choices = list(self._sweep.parameters.values())
        if isinstance(self._sweep.sampler, Sampler):
            yield from _sampled(self._sweep.sampler, choices)
        else:
            yield from product(*choices)

    def _make_experiment(self, base: int, values: str) -> Experiment:
        content = self.bases[base].model_dump(mode="json", exclude_unset=True)
        for key, value in zip(self._keys, json.loads(values), strict=True):
            if not key.startswith(_ACCELERATOR):
                _put(content, key.split("."), value)
        return yaml_file.validate(content, Experiment, self.bases[base].name)

    def _make_config(self, base: int, values: str) -> AcceleratorConfig:
        config = self._configs[base]
        given = {
            key.removeprefix(_ACCELERATOR): value
            for key, value in zip(self._keys, json.loads(values), strict=True)
            if key.startswith(_ACCELERATOR)
        }
        units = given.pop(_UNITS, None)
        if units is not None:
            given["groupings"] = arrangements(units, given.get("banks", config.banks))
        content = dataclasses.asdict(config) | given
        return yaml_file.validate(content, AcceleratorConfig, config.name)

    def _refuse_unknown_keys(self, path: Path) -> None:
        """A key that does not exist is a mistake of the file, not of a point."""
        for index, key in enumerate(self._keys):
            alone = [None] * len(self._keys)
            alone[index] = self._sweep.parameters[key][0]
            try:
                if key.startswith(_ACCELERATOR):
                    self._refuse_unknown_accelerator_key(key)
                else:
                    _put(self.bases[0].model_dump(mode="json", exclude_unset=True), key.split("."), None)
                    self._only(key)
            except UserError as error:
                raise UserError(f"{path}: parameters.{key}: {error}") from error

    def _refuse_unknown_accelerator_key(self, key: str) -> None:
        known = [_UNITS, *(field.name for field in dataclasses.fields(AcceleratorConfig) if field.name != "name")]
        if key.removeprefix(_ACCELERATOR) not in known:
            raise UserError(f"there is no such key; allowed: {', '.join(known)}")

    def _only(self, key: str) -> None:
        """Whether the experiment takes the key, whatever its value."""
        content = self.bases[0].model_dump(mode="json", exclude_unset=True)
        _put(content, key.split("."), self._sweep.parameters[key][0])
        try:
            yaml_file.validate(content, Experiment, self.bases[0].name)
        except UserError as error:
            if "there is no such key" in str(error):
                raise


def arrangements(units: Any, banks: Any) -> list[dict[str, int]]:
    """All groupings of so many block units that a configuration with these banks may have; the tallest first.

    Raises
    ------
    UserError
        If there is none.
    """
    if not isinstance(units, int) or not isinstance(banks, int) or units < 1 or banks < 1:
        raise UserError(f"units: {units!r} with {banks!r} banks are not possible; allowed: powers of two")
    sides = [1 << bit for bit in range(units.bit_length())]
    found = [
        Grouping(rows, units // rows)
        for rows in reversed(sides)
        if units % rows == 0 and rows <= 2 * banks and units // rows <= banks and max(rows, units // rows) >= banks // 2
    ]
    if not found or units & (units - 1):
        raise UserError(
            f"units: {units} with {banks} banks are not possible; allowed: powers of two, at least banks / 2"
        )
    return [dataclasses.asdict(grouping) for grouping in found]


def _sampled(sampler: Sampler, choices: Sequence[Sequence[Any]]) -> Iterator[Values]:
    engine = _ENGINES[sampler.name](d=len(choices), seed=sampler.seed)
    if sampler.name == "sobol":
        # A power of two keeps the sequence balanced; what is too many is left out.
        drawn = engine.random_base2(max(0, (sampler.points - 1).bit_length()))[: sampler.points]
    else:
        drawn = engine.random(sampler.points)
    lengths = np.array([len(own) for own in choices])
    places = np.minimum((drawn * lengths).astype(np.int64), lengths - 1)
    for row in dict.fromkeys(map(tuple, places.tolist())):
        yield tuple(own[place] for own, place in zip(choices, row, strict=True))


def _put(content: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Set a key in nested sections."""
    *sections, last = path
    for name in sections:
        inner = content.get(name)
        content[name] = dict(inner) if isinstance(inner, Mapping) else {}
        content = content[name]
    content[last] = value


def _frozen(values: Iterator[Any]) -> str:
    return json.dumps(list(values))


def described(experiment: Experiment) -> str:
    """All that an experiment says, as text that only equal ones share."""
    content = experiment.model_dump(mode="json", exclude={"name", "accelerator"})
    if isinstance(experiment.problem, UserProblem):
        file = Path(experiment.problem.file)
        content["problem"]["file"] = file.read_text(encoding="utf-8") if file.is_file() else ""
    return json.dumps(content, sort_keys=True)
