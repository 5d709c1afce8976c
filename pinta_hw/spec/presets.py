"""Accelerator configurations in YAML: the presets that come with the package, and own files."""

import re
from pathlib import Path
from typing import Any

from . import yaml_file
from .config import AcceleratorConfig
from .errors import UserError

_FOLDER = Path(__file__).parent / "presets"


def preset_names() -> list[str]:
    """Names of the presets, in alphabetical order."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def load_config(name_or_path: str | Path) -> AcceleratorConfig:
    """The configuration of a preset, or of a YAML file with the keys of `AcceleratorConfig`.

    Parameters
    ----------
    name_or_path : str or Path
        A preset's name; anything with a slash or ending in .yaml or .yml is a path.
        A file writes groupings as ``[4x4, 8x2]``.

    Raises
    ------
    UserError
        If there is no such preset or file, or a key or value in it is not possible.
    """
    text = str(name_or_path)
    if "/" in text or text.endswith((".yaml", ".yml")) or isinstance(name_or_path, Path):
        path = Path(name_or_path)
    elif text in preset_names():
        path = _FOLDER / f"{text}.yaml"
    else:
        raise UserError(
            f"accelerator {text!r} is not known; allowed: {', '.join(preset_names())}, or a path to a YAML file"
        )
    content = yaml_file.read(path)
    if isinstance(content.get("groupings"), list):
        content["groupings"] = [_grouping(entry, path) for entry in content["groupings"]]
    return yaml_file.validate(content, AcceleratorConfig, path)


def _grouping(entry: Any, path: Path) -> dict[str, int]:
    """``4x4`` as the fields of `Grouping`."""
    match = re.fullmatch(r"([1-9][0-9]{0,3})x([1-9][0-9]{0,3})", str(entry))
    if match is None:
        raise UserError(f"{path}: groupings: {entry} is not possible; allowed: rows x columns of blocks, such as 4x4")
    return {"rows": int(match[1]), "columns": int(match[2])}
