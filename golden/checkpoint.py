"""Checkpoints: all that the next training step depends on, in one file."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from pinta_hw.spec.errors import UserError

from .durable import write_whole
from .real import Reals

State = dict[str, Reals]


def save(path: Path, state: State) -> None:
    """Write a checkpoint; an interruption leaves the earlier one whole."""
    # Savez reads names as keywords; a prefix keeps them apart from its own.
    content: dict[str, Any] = {f"state/{name}": value for name, value in state.items()}
    write_whole(path, lambda stream: np.savez(stream, **content))


def load(path: Path) -> State:
    """The state in a checkpoint, bit for bit.

    Raises
    ------
    UserError
        If the file cannot be read.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as content:
            return {name.removeprefix("state/"): content[name] for name in content.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: cannot be read; allowed: a checkpoint that `pinta train` wrote") from error
