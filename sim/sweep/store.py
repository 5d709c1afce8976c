"""Results on disk: a line each, with its key and a checksum."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pinta_hw.spec.errors import UserError

Outcome = Mapping[str, Any]
"""Figures of a point, or ``failed`` with the reason."""


class Store:
    """Results by the hash of what they are of.

    Lines are only ever added; one that is damaged, or was cut short, is as good as absent.

    Parameters
    ----------
    path : Path
        The file; it need not exist.

    Raises
    ------
    UserError
        If it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.broken = 0
        """Lines that could not be trusted."""
        self._known: dict[str, Outcome] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                self._read()
            with path.open("a", encoding="utf-8"):
                pass  # whether results can be kept is known before any is computed
        except OSError as error:
            raise UserError(f"{path}: cannot be written ({error.strerror}); allowed: a folder of your own") from error

    def get(self, key: str) -> Outcome | None:
        """The result of a key, if there is one."""
        return self._known.get(key)

    def add(self, results: Iterable[tuple[str, Outcome]]) -> None:
        """Keep results, so that they outlive whatever happens next."""
        with self._path.open("a", encoding="utf-8") as stream:
            for key, outcome in results:
                self._known[key] = outcome
                text = json.dumps(outcome)
                stream.write(f"{key} {_check(key, text)} {text}\n")

    def _read(self) -> None:
        content = self._path.read_bytes()
        for line in content.decode("utf-8", errors="replace").splitlines():
            key, _, rest = line.partition(" ")
            check, _, text = rest.partition(" ")
            if check != _check(key, text):
                self.broken += 1
                continue
            self._known[key] = json.loads(text)
        if content and not content.endswith(b"\n"):
            # The next line must not continue one that was cut short.
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write("\n")


def _check(key: str, text: str) -> str:
    return hashlib.sha256(f"{key} {text}".encode()).hexdigest()[:12]
