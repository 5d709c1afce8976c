"""What libraries of memory banks state: size, area, energy of an access, leakage."""

import re
from dataclasses import dataclass
from pathlib import Path

from pinta_hw.spec.errors import UserError

_NAME = re.compile(r"srambank_(\d+)x(\d+)x(\d+)_\w+\.lib")
_AREA = re.compile(r"^ +area : ([\d.]+);", re.MULTILINE)
_LEAKAGE = re.compile(r"^ +cell_leakage_power : ([\d.]+);", re.MULTILINE)
_CLOCK = re.compile(r"^    pin \(clk\) \{\n(.*?)^    \}", re.MULTILINE | re.DOTALL)
_POWER = re.compile(r'internal_power \(\) \{\s*when : "!write";(.*?)\n      \}', re.DOTALL)
_EDGE = re.compile(r'(?:rise|fall)_power.*?values \( *\\?\s*"([\d.eE+-]+)', re.DOTALL)


@dataclass(frozen=True)
class SramBank:
    """One bank of an ASAP7 SRAM library.

    Parameters
    ----------
    words, bits : int
    area_um2 : float
    read_pj : float
        Of a clock cycle in which it reads: both edges, at all rails, as OpenSTA adds them.
    leakage_nw : float
        As stated; 0 where the library has none.
    """

    words: int
    bits: int
    area_um2: float
    read_pj: float
    leakage_nw: float


def sram_banks(folder: Path) -> tuple[SramBank, ...]:
    """The banks whose libraries lie in a folder, by words and bits.

    Raises
    ------
    UserError
        If it is no folder, or holds no such library.
    """
    if not folder.is_dir():
        raise UserError(f"sram: {folder} is not a folder; give one with libraries such as srambank_256x4x72_6t122.lib")
    found = []
    for path in sorted(folder.iterdir()):
        name = _NAME.fullmatch(path.name)
        if name is None:
            continue
        rows, columns, bits = map(int, name.groups())
        text = path.read_text(errors="replace")
        area, clock = _AREA.search(text), _CLOCK.search(text)
        edges = [float(pj) for power in _POWER.findall(clock[1]) for pj in _EDGE.findall(power)] if clock else []
        if area is None or not edges:
            raise UserError(f"sram: {path} states no area or no energy of a read; give an ASAP7 SRAM library")
        leakage = _LEAKAGE.search(text)
        found.append(SramBank(rows * columns, bits, float(area[1]), sum(edges), float(leakage[1]) if leakage else 0.0))
    if not found:
        raise UserError(
            f"sram: {folder} has no library such as srambank_256x4x72_6t122.lib; allowed: a folder with some"
        )
    return tuple(sorted(found, key=lambda bank: (bank.words, bank.bits)))
