"""Outputs that appear whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pinta_hw.spec.errors import UserError


@contextmanager
def folder(path: Path, proof: str) -> Iterator[Path]:
    """A staging folder that becomes ``path`` when the block ends without an exception.

    Parameters
    ----------
    path : Path
        Where the result goes. An existing folder is replaced only if it is empty or an earlier result.
    proof : str
        A file that every result of this kind contains.

    Raises
    ------
    UserError
        If something else lies at ``path``, or it cannot be written.
    """
    replaceable = path.is_dir() and ((path / proof).is_file() or not any(path.iterdir()))
    if path.exists() and not replaceable:
        raise UserError(f"out: {path} exists and is no earlier result; allowed: a new or empty folder")
    with _staged(path) as staging:
        staging.mkdir()
        yield staging
        if path.exists():
            shutil.rmtree(path)


@contextmanager
def file(path: Path) -> Iterator[Path]:
    """A staging file that becomes ``path`` when the block ends without an exception.

    Raises
    ------
    UserError
        If ``path`` is a folder or cannot be written.
    """
    if path.is_dir():
        raise UserError(f"out: {path} is a folder; allowed: the name of a file")
    with _staged(path) as staging:
        yield staging


def _can_create(path: Path) -> bool:
    try:
        path.touch()
        path.unlink()
    except OSError:
        return False
    return True


@contextmanager
def _staged(path: Path) -> Iterator[Path]:
    target = path.absolute()
    parent = next(folder for folder in target.parents if folder.exists())
    staging = parent / f".{target.name}.{os.getpid()}.partial"
    if not (parent.is_dir() and os.access(parent, os.W_OK | os.X_OK) and _can_create(staging)):
        raise UserError(f"out: {path} cannot be written; allowed: a place below a folder that can be written")
    try:
        yield staging
        target.parent.mkdir(parents=True, exist_ok=True)
        staging.rename(target)
    finally:
        if staging.is_dir():
            shutil.rmtree(staging)
        else:
            staging.unlink(missing_ok=True)
