"""Which model a result is of."""

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[2]
MODEL = ("sim", "pinta_hw/spec")
"""What the closed form follows from."""


@cache
def model_version(folders: Sequence[str] = MODEL) -> str:
    """A hash of the source and the tables of some packages: results of another model are computed again."""
    content = hashlib.sha256()
    for folder in folders:
        for path in sorted((_ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".yaml"):
                content.update(str(path.relative_to(_ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return content.hexdigest()[:16]
