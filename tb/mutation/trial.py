"""One trial: the tests of a fault on a copy of the repository."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .faults import ROOT, PlantedFault

Verdict = Literal["killed", "survived", "equivalent"]
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "build", "site", "__pycache__", ".*_cache", ".hypothesis")
_NO_TESTS = 5


@dataclass(frozen=True)
class Trial:
    """What became of a fault."""

    name: str
    kind: str
    file: str
    verdict: Verdict
    noticed_by: str
    """The first failing test, or why there is none."""
    seconds: float


@contextmanager
def copy_of_repository(root: Path = ROOT) -> Iterator[Path]:
    """A copy of the working tree, without what is built, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="pinta-mutation-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(root, copy, ignore=_LEFT_OUT)
        yield copy


def try_fault(tree: Path, planted: PlantedFault, limit_seconds: float) -> Trial:
    """Plant a fault in ``tree``, run its tests until the first failure, and take it out again.

    Running out of time is a failure too.

    Raises
    ------
    RuntimeError
        If pytest finds no test.
    """
    fault = planted.fault
    file = tree / fault.file
    sound = file.read_text(encoding="utf-8")
    file.write_text(planted.text, encoding="utf-8")
    started = time.monotonic()
    try:
        failure = _first_failure(tree, fault.tests, limit_seconds)
    finally:
        file.write_text(sound, encoding="utf-8")
    seconds = round(time.monotonic() - started, 1)
    if failure is not None:
        return Trial(fault.name, fault.kind, fault.file, "killed", failure, seconds)
    if fault.equivalent:
        return Trial(fault.name, fault.kind, fault.file, "equivalent", fault.equivalent, seconds)
    return Trial(fault.name, fault.kind, fault.file, "survived", "no test", seconds)


def _first_failure(tree: Path, tests: tuple[str, ...], limit_seconds: float) -> str | None:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-rfE", "--no-header", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=limit_seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no end within {limit_seconds:.0f} s"
    if done.returncode == _NO_TESTS:
        raise RuntimeError(f"no tests in {', '.join(tests)}")
    if done.returncode == 0:
        return None
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    return failed[1] if failed else f"pytest ended with {done.returncode}"
