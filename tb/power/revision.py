"""Which gateware was measured."""

import subprocess
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_GATEWARE = "pinta_hw"


def gateware_revision() -> str:
    """The revision of the gateware in words, for a table's provenance."""
    revision = _git("log", "-1", "--format=%h", "--", _GATEWARE)
    if not revision:
        return "no revision known"
    return f"revision {revision}" + (", changed" if _git("status", "--porcelain", "--", _GATEWARE) else "")


def _git(*arguments: str) -> str:
    """What git prints, nothing where it fails or is missing."""
    try:
        done = subprocess.run(("git", *arguments), cwd=_ROOT, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
