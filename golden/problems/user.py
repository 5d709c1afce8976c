"""A user's own equation: a Python file that defines ``problem``, a `Pde`."""

import runpy
from pathlib import Path

from pinta_hw.spec.errors import UserError

from .pde import Pde


def load_pde(path: str) -> Pde:
    """The equation in a file, which is executed.

    Raises
    ------
    UserError
        If the file cannot be read or run, or defines no equation.
    """
    if not Path(path).is_file():
        raise UserError(f"problem.file: {path} cannot be read; allowed: a Python file that defines `problem`, a Pde")
    try:
        found = runpy.run_path(path).get("problem")
    except Exception as error:  # the file is the user's: whatever it raises is told in one line
        text = str(error).splitlines()[0] if str(error) else "no message"
        raise UserError(
            f"problem.file: {path} raises {type(error).__name__} ({text}); allowed: a file that runs"
        ) from error
    if not isinstance(found, Pde):
        raise UserError(f"problem.file: {path} defines problem = {found!r:.40}; allowed: golden.problems.Pde(...)")
    return found
