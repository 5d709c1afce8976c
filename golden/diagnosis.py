"""Where a training lost its numbers: the first tensor of a step that is not finite, and its layer."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .real import Reals
from .smx import SmxMatrix


class Watch:
    """Does what an arithmetic does and notes the first result that is not finite.

    Parameters
    ----------
    arithmetic : Arithmetic
        It computes; a `Watch` stands for it.
    log : Log, optional
        Shared with the watches of single layers.
    """

    def __init__(self, arithmetic: Any, log: "Log | None" = None) -> None:
        self._arithmetic = arithmetic
        self.log = log or Log()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._arithmetic, name)
        if not callable(found) or isinstance(found, type):
            return found

        def observed(*arguments: Any, **options: Any) -> Any:
            result = found(*arguments, **options)
            if name == "for_layer":
                return Watch(result, self.log)
            self.log.note(name, arguments, result)
            return result

        return observed


class Log:
    """The first result that was not finite."""

    def __init__(self) -> None:
        self.first: str | None = None
        self._product = "the inputs"

    def note(self, operation: str, arguments: tuple[Any, ...], result: Any) -> None:
        """Take a result into account; products carry the name of their layer."""
        named = arguments and isinstance(arguments[0], str) and "." in arguments[0]
        if named:
            self._product = arguments[0]
        if self.first is None and not _finite(result):
            self.first = self._product if named else f"{operation} after {self._product}"


def first_of(values: Mapping[str, Reals]) -> str | None:
    """Name of the first array that is not finite."""
    return next((name for name, value in values.items() if not np.isfinite(value).all()), None)


def _finite(result: Any) -> bool:
    if isinstance(result, SmxMatrix):
        return not result.has_nan
    if isinstance(result, np.ndarray) and result.dtype.kind == "f":
        return bool(np.isfinite(result).all())
    if isinstance(result, list | tuple):
        return all(_finite(part) for part in result)
    return True
