"""What the flow needs to know of a standard-cell library."""

import gzip
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from pinta_hw.spec.errors import UserError

_TOKEN = re.compile(
    r"""^\s*(?:
        (?P<group>library|cell|pin|pg_pin|ff|latch)\s*\(\s*"?(?P<name>[^")]*)"?\s*\)
      | (?P<key>area|capacitance|max_capacitance|direction|function|time_unit|clocked_on|next_state|enable|data_in)
        \s*:\s*"?(?P<value>[^";\n]*)"?
    )""",
    re.VERBOSE | re.MULTILINE,
)
_TIME_UNITS_PS = {"ps": 1.0, "ns": 1000.0, "us": 1e6}


@dataclass(frozen=True)
class Cell:
    """A cell of the library.

    Parameters
    ----------
    name : str
    area_um2 : float
    inputs : tuple of str
        Input pins.
    functions : dict of str to str
        Liberty function of every output pin that has one.
    latch : dict of str to str
        ``enable`` and ``data_in`` of the cell's latch; empty if it has none.
    flop : dict of str to str
        ``state``, ``clocked_on`` and ``next_state`` of the cell's flip-flop; empty if it has none.
    capacitances : dict of str to float
        Of input pins, in the unit of the library.
    largest_loads : dict of str to float
        Capacitance that output pins may drive, in the same unit.
    """

    name: str
    area_um2: float
    inputs: tuple[str, ...]
    functions: dict[str, str]
    latch: dict[str, str]
    flop: dict[str, str]
    capacitances: dict[str, float] = field(default_factory=dict)
    largest_loads: dict[str, float] = field(default_factory=dict)

    @property
    def flops(self) -> int:
        """Flip-flops in the cell, 0 or 1."""
        return int(bool(self.flop))

    @property
    def flop_pins(self) -> tuple[str, str]:
        """Clock pin and data pin of the flip-flop."""
        clock, data = (re.sub(r"[!'() ]", "", self.flop[key]) for key in ("clocked_on", "next_state"))
        return clock, data

    def flop_inverts(self, pin: str) -> bool:
        """Whether ``pin`` shows the data pin inverted."""
        return (self.functions[pin] != self.flop["state"]) != ("!" in self.flop["next_state"])


@dataclass(frozen=True)
class Liberty:
    """A library read from ``path``, a plain (unpacked) Liberty file. Areas are taken to be in um2."""

    path: Path
    name: str
    time_unit_ps: float
    cells: dict[str, Cell]

    @cached_property
    def buffer(self) -> Cell | None:
        """The smallest buffer, or None."""
        return self._smallest(lambda function, pins: len(pins) == 1 and function == pins[0])

    @cached_property
    def inverter(self) -> Cell | None:
        """The smallest inverter, or None."""
        return self._smallest(lambda function, pins: len(pins) == 1 and function in (f"!{pins[0]}", f"{pins[0]}'"))

    @cached_property
    def and2(self) -> Cell | None:
        """The smallest AND gate of two inputs, or None."""
        return self._smallest(lambda function, pins: len(pins) == 2 and re.split(r"[*& ]+", function) == list(pins))

    @cached_property
    def tie_low(self) -> Cell | None:
        """The constant 0, or None."""
        return self._smallest(lambda function, pins: not pins and function == "0")

    @cached_property
    def tie_high(self) -> Cell | None:
        """The constant 1, or None."""
        return self._smallest(lambda function, pins: not pins and function == "1")

    @cached_property
    def low_latch(self) -> Cell | None:
        """The smallest latch that is transparent while its enable is 0, or None. Its output is not inverted."""
        found = [
            cell
            for cell in self.cells.values()
            if len(cell.inputs) == 2
            and len(cell.functions) == 1
            and cell.latch.get("data_in") in cell.inputs
            and re.sub(r"[!']", "", cell.latch.get("enable", "")) in cell.inputs
            and re.search(r"[!']", cell.latch["enable"])
            and next(iter(cell.functions.values())) == cell.latch["state"]
        ]
        return min(found, key=lambda cell: cell.area_um2, default=None)

    def strong_enough(self, cell: Cell, pin: str, load: float) -> Cell:
        """The cell if it may drive ``load`` at ``pin``, else the smallest of its kind that may, or the strongest."""
        if pin not in cell.largest_loads or cell.largest_loads[pin] >= load:
            return cell
        alike = [
            other
            for other in self._kin[cell.inputs]
            if (other.functions, other.flop, other.latch) == (cell.functions, cell.flop, cell.latch)
            and other.largest_loads.get(pin, 0.0) >= cell.largest_loads[pin]
        ]
        enough = [other for other in alike if other.largest_loads[pin] >= load]
        if enough:
            return min(enough, key=lambda other: other.area_um2)
        most = max(other.largest_loads[pin] for other in alike)
        return min((other for other in alike if other.largest_loads[pin] == most), key=lambda other: other.area_um2)

    @cached_property
    def _kin(self) -> dict[tuple[str, ...], list[Cell]]:
        """Cells by their input pins."""
        found: dict[tuple[str, ...], list[Cell]] = {}
        for cell in self.cells.values():
            found.setdefault(cell.inputs, []).append(cell)
        return found

    @cached_property
    def has_flip_flop(self) -> bool:
        """Whether there is any flip-flop."""
        return any(cell.flops for cell in self.cells.values())

    def _smallest(self, wanted) -> Cell | None:
        found = []
        for cell in self.cells.values():
            if len(cell.functions) == 1 and not cell.flops and not cell.latch:
                function = next(iter(cell.functions.values())).strip("() ")
                if wanted(function, cell.inputs):
                    found.append(cell)
        return min(found, key=lambda cell: cell.area_um2, default=None)


@contextmanager
def opened(path: Path) -> Iterator[Liberty]:
    """Read a Liberty file, ``.lib`` or ``.lib.gz``; unpacked it lies in a temporary folder while the context lasts.

    Raises
    ------
    UserError
        If the file is missing, is no Liberty library, or holds no flip-flop.
    """
    if not path.is_file():
        raise UserError(f"liberty: {path} is not a file; give a standard-cell library (.lib or .lib.gz)")
    with TemporaryDirectory() as folder:
        plain = path.resolve()
        if path.suffix == ".gz":
            plain = Path(folder) / path.stem
            try:
                with gzip.open(path) as packed, plain.open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked)
            except (OSError, EOFError) as error:
                raise UserError(f"liberty: {path} cannot be unpacked ({error}); allowed: .lib, .lib.gz") from error
        library = _parsed(plain, path)
        if not library.has_flip_flop:
            raise UserError(f"liberty: {path} has no flip-flop; give a library of standard cells")
        yield library


def _parsed(plain: Path, given: Path) -> Liberty:
    text = plain.read_text(errors="replace")
    name, time_unit_ps = "", 1000.0
    cells: dict[str, Cell] = {}
    cell: dict = {}
    pin = ""

    def finish() -> None:
        if cell:
            cells[cell["name"]] = Cell(**cell)

    for match in _TOKEN.finditer(text):
        group, key, value = match["group"], match["key"], (match["value"] or "").strip()
        if group == "library":
            name = match["name"]
        elif group == "cell":
            finish()
            cell = {"name": match["name"], "area_um2": 0.0, "inputs": (), "functions": {}, "latch": {}, "flop": {}}
            cell |= {"capacitances": {}, "largest_loads": {}}
            pin = ""
        elif key == "time_unit":
            time_unit_ps = _time_unit_ps(value, given)
        elif not cell:
            continue
        elif group == "pin":
            pin = match["name"]
        elif group == "pg_pin":
            pin = ""
        elif group == "ff":
            cell["flop"], pin = {"state": match["name"].split(",")[0].strip()}, ""
        elif group == "latch":
            cell["latch"], pin = {"state": match["name"].split(",")[0].strip()}, ""
        elif key == "area":
            cell["area_um2"] = float(value)
        elif key == "capacitance" and pin:
            cell["capacitances"].setdefault(pin, float(value))
        elif key == "max_capacitance" and pin:
            cell["largest_loads"].setdefault(pin, float(value))
        elif key == "direction" and value == "input" and pin:
            cell["inputs"] += (pin,)
        elif key == "function" and pin:
            cell["functions"][pin] = value
        elif key in ("clocked_on", "next_state") and cell["flop"]:
            cell["flop"].setdefault(key, value)
        elif key in ("enable", "data_in") and cell["latch"]:
            cell["latch"].setdefault(key, value)
    finish()
    if not name or not cells:
        raise UserError(f"liberty: {given} is no Liberty library; give a standard-cell library (.lib or .lib.gz)")
    return Liberty(plain, name, time_unit_ps, cells)


def _time_unit_ps(value: str, given: Path) -> float:
    match = re.fullmatch(r"(\d+)\s*(ps|ns|us)", value)
    if match is None:
        raise UserError(f"liberty: {given} has time_unit {value!r}; allowed: a number of ps, ns or us")
    return int(match[1]) * _TIME_UNITS_PS[match[2]]
