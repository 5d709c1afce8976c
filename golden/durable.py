"""Files that are whole or not there, whatever interrupts the writing."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Replace a file at once: an interruption leaves the earlier one.

    Parameters
    ----------
    path : Path
        In an existing folder.
    write : callable
        Writes the content to the stream it is given.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
