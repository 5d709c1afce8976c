"""Metrics of a training as JSON lines: one object a step, and one for each error that is taken."""

import json
import math
import os
from pathlib import Path
from typing import Any

from .durable import write_whole


class Metrics:
    """The file of a training.

    Parameters
    ----------
    path : Path
        Appended to by `flush`.
    steps : int
        Steps done: lines of later ones are dropped, they will be written again.
    """

    def __init__(self, path: Path, steps: int) -> None:
        self._path = path
        self._lines: list[str] = []
        # The error after the last step done stands under the number of the next one.
        kept = [line for line in read(path) if line["step"] < steps + ("relative_l2" in line)]
        write_whole(path, lambda stream: stream.write("".join(_line(values) for values in kept).encode()))

    def add(self, **values: Any) -> None:
        """One line; ``step`` is among the values. What is not finite becomes null."""
        self._lines.append(_line(values))

    def flush(self) -> None:
        """Write what was added."""
        with self._path.open("a", encoding="utf-8") as stream:
            stream.writelines(self._lines)
            stream.flush()
            os.fsync(stream.fileno())
        self._lines = []


def read(path: Path) -> list[dict[str, Any]]:
    """The lines of a file, without a last one that is cut short; none where there is no file."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return lines


def _line(values: dict[str, Any]) -> str:
    return json.dumps({name: finite(value) for name, value in values.items()}) + "\n"


def finite(value: Any) -> Any:
    """The value with None for what is not finite, which JSON cannot say."""
    if isinstance(value, dict):
        return {name: finite(part) for name, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
