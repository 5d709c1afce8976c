"""Planted faults: what to change, and which tests must notice."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pinta_hw.spec import yaml_file
from pinta_hw.spec.errors import UserError

ROOT = Path(__file__).parents[2]


class Fault(BaseModel):
    """One single change to the gateware.

    ``find`` occurs exactly once in ``file``; ``tests`` are paths for pytest, fastest first. ``equivalent`` explains
    a fault that no test can notice because nothing observable changes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: str
    file: str
    find: str
    replace: str
    tests: tuple[str, ...]
    equivalent: str | None = None


class FaultList(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class PlantedFault:
    """A fault and the text of its file with the fault in it."""

    fault: Fault
    text: str
    key: str
    """Changes with the fault, the file and the tests."""


def load_faults(path: Path, root: Path = ROOT) -> tuple[PlantedFault, ...]:
    """Read a list of faults and plant each one in the text of its file.

    Raises
    ------
    UserError
        If a name appears twice, a file or test is missing, or ``find`` does not occur exactly once.
    """
    faults = yaml_file.load(path, FaultList).faults
    names = [fault.name for fault in faults]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{path}: {name}: appears {names.count(name)} times; allowed: once")
    return tuple(_plant(fault, path, root) for fault in faults)


def _plant(fault: Fault, path: Path, root: Path) -> PlantedFault:
    for needed in (fault.file, *(test.partition("::")[0] for test in fault.tests)):
        if not (root / needed).exists():
            raise UserError(f"{path}: {fault.name}: {needed} does not exist; allowed: a file of the repository")
    text = (root / fault.file).read_text(encoding="utf-8")
    if text.count(fault.find) != 1 or fault.find == fault.replace:
        raise UserError(
            f"{path}: {fault.name}: {fault.find!r} occurs {text.count(fault.find)} times in {fault.file}; "
            "allowed: once, and replaced by something else"
        )
    planted = text.replace(fault.find, fault.replace)
    digest = hashlib.sha256("\0".join((fault.file, planted, *fault.tests)).encode())
    for test in fault.tests:
        digest.update((root / test.partition("::")[0]).read_bytes())
    return PlantedFault(fault, planted, digest.hexdigest()[:16])
