"""The corner that a cell library describes."""

import re
from pathlib import Path

from .liberty import opened

_VOLTAGE = re.compile(r"^ *nom_voltage : ([\d.]+)", re.MULTILINE)
_TEMPERATURE = re.compile(r"^ *nom_temperature : (-?[\d.]+)", re.MULTILINE)


def corner_of(liberty: Path) -> str:
    """Voltage and temperature of a library, such as ``0.7 V, 25 C``.

    Raises
    ------
    UserError
        If the file is missing or is no cell library.
    """
    with opened(liberty) as library:
        text = library.path.read_text(errors="replace")
    voltage, temperature = _VOLTAGE.search(text), _TEMPERATURE.search(text)
    found = [f"{match[1]} {unit}" for match, unit in ((voltage, "V"), (temperature, "C")) if match]
    return ", ".join(found) or "corner not stated"
