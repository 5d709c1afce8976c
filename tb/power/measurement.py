"""Energy of the synthesized machine under a program, cycle by cycle, from its netlists."""

import os
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from golden.lowering.compiler import Lowered
from pinta_hw.spec.formats import BLOCK_ELEMENTS
from rtl_gen.synthesis.energy_by_cycle import GroupEnergy, UnitEnergy, energy_by_cycle
from rtl_gen.synthesis.liberty import opened
from rtl_gen.synthesis.macro import MacroTiming
from rtl_gen.synthesis.units import UnitResult, synthesize_unit

from .recording import Recording, record

Progress = Callable[[str, int, int], None]
"""Called with what is going on, how many things are done, and how many there are."""

_TABLES = "table_rom"
_WITH_TABLES = "elementwise_unit"
_LONGEST = (_WITH_TABLES, _TABLES, "gemm_unit", "update_unit")
"""What takes longest to map is begun first, and replayed last."""
_TABLES_OF_A_BLOCK = 4
"""That are measured, of sixteen."""
_STEP = re.compile(r"step_\d+_([a-z_]+)")
_PART_OF = {
    "elementwise_unit": "elementwise unit",
    "convert_unit": "converter",
    "residual_unit": "residual unit",
    "update_unit": "update unit",
    "transfer_unit": "transfer",
    "control": "control",
    "host": "control",
    "scratchpad": "scratchpad switch",
    "real_memory": "real memory switch",
}
UNITS = ("gemm_unit", *_PART_OF)
"""Instances of the top; what it has beside them are a few registers."""


def group_of(unit: str, instance: str) -> str:
    """The part of `sim.area` that a cell of a unit belongs to; in the update unit, behind a colon, its operation."""
    if unit == "update_unit":
        step = _STEP.search(instance)
        return f"update unit:{step[1] if step else ''}"
    if unit != "gemm_unit":
        return _PART_OF[unit]
    if instance.startswith("array.unit_"):
        return "array"
    return "quantizers" if instance.startswith("quantizer_") else "operands and results"


@dataclass(frozen=True)
class Measurement:
    """What the netlists spend.

    Parameters
    ----------
    groups : dict of str to GroupEnergy
        By what `group_of` says, memories left out.
    cycles : int
        Recorded.
    period_ps : float
    bits_checked : int
        Bits of registers and cycles in which netlist and RTL were compared; none differed.
    """

    groups: dict[str, GroupEnergy]
    cycles: int
    period_ps: float
    bits_checked: int

    @property
    def parts(self) -> dict[str, GroupEnergy]:
        """By part of `sim.area`."""
        parts: dict[str, GroupEnergy] = {}
        for name, group in self.groups.items():
            part, _, _ = name.partition(":")
            parts[part] = _sum(parts[part], group) if part in parts else group
        return parts


def measure(lowered: Lowered, liberty: Path, cache: Path, mapped: Path, progress: Progress) -> Measurement:
    """Run a program on the RTL, replay it on the netlist of every unit, and ask OpenSTA for the power.

    Parameters
    ----------
    lowered : Lowered
        The program and the machine's configuration.
    liberty : Path
        Cell library.
    cache, mapped : Path
        Folders that keep what has been measured, and the netlists.

    Raises
    ------
    UserError
        If a file or tool is missing.
    """
    period_ps = 1000 / lowered.config.clock_ghz
    total = len(UNITS)
    with opened(liberty):  # a mistake in it is told before minutes of work
        pass
    progress("running the program on the RTL", 0, total)
    design, recordings = record(lowered, UNITS)
    replay = _Replay(liberty, period_ps, cache)
    parts: dict[str, GroupEnergy] = {}
    bits = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        mapping = {
            unit: pool.submit(synthesize_unit, design, unit, liberty, period_ps, MacroTiming(), mapped)
            for unit in (*_LONGEST, *(unit for unit in UNITS if unit not in _LONGEST))
        }
        try:
            for number, unit in enumerate(sorted(UNITS, key=_LONGEST.__contains__), 1):
                progress(f"mapping and replaying {unit}", number, total)
                energy = replay.unit(unit, mapping[unit].result(), recordings[unit])
                bits += energy.bits_checked
                for part, group in energy.groups.items():
                    parts[part] = _sum(parts[part], group) if part in parts else group
                if unit == _WITH_TABLES:
                    for tables in replay.tables(mapping[_TABLES].result(), recordings[unit], energy):
                        parts["elementwise unit"] = _sum(parts["elementwise unit"], tables)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    progress("measured", total, total)
    return Measurement(parts, recordings[UNITS[0]].cycles, period_ps, bits)


@dataclass(frozen=True)
class _Replay:
    """Replays recordings on netlists; what the folder ``cache`` holds is not done again."""

    liberty: Path
    period_ps: float
    cache: Path

    def unit(self, unit: str, result: UnitResult, recording: Recording) -> UnitEnergy:
        """Energy of a unit, its memories left out."""
        return self._kept(
            f"{result.folder.name}-{recording.digest}",
            result,
            recording.cycles,
            recording.bits,
            lambda instance: group_of(unit, instance),
        )

    def tables(self, result: UnitResult, recording: Recording, unit: UnitEnergy) -> list[GroupEnergy]:
        """Energy of the tables, which are memories of the elementwise unit, as logic: some of a block's for all."""
        places = sorted({name.rpartition(".")[0] for name in unit.memory_ports})
        energies = []
        measured = places[:: BLOCK_ELEMENTS // _TABLES_OF_A_BLOCK]
        for place in measured:
            found = self._kept(
                f"{result.folder.name}-{recording.digest}-{place}",
                result,
                recording.cycles,
                partial(_table_bits, unit.memory_ports, place),
                lambda _: "elementwise unit",
            )
            energies += len(places) // len(measured) * list(found.groups.values())
        return energies

    def _kept(
        self,
        name: str,
        result: UnitResult,
        cycles: int,
        bits: Callable[[], Iterable[tuple[str, int, int]]],
        group_of: Callable[[str], str],
    ) -> UnitEnergy:
        kept = self.cache / f"{name}.npz"
        found = _read(kept)
        if found is None:
            with opened(self.liberty) as library:
                found = energy_by_cycle(
                    result.folder, result.synthesis.top, library, self.period_ps, bits(), cycles, group_of
                )
            _write(kept, found)
        return found


def _table_bits(ports: Mapping[str, int], place: str) -> list[tuple[str, int, int]]:
    """Ports of one table, and its register, which is what it gives."""
    bits = []
    for name, value in ports.items():
        where, _, port = name.rpartition(".")
        if where == place:
            port, _, bit = port.rstrip("]").partition("[")
            bits.append((port, int(bit), value))
    return bits + [("_0_", bit, value) for port, bit, value in bits if port == "coefficients"]


def _sum(first: GroupEnergy, second: GroupEnergy) -> GroupEnergy:
    return GroupEnergy(
        first.clock_pj + second.clock_pj,
        first.data_pj + second.data_pj,
        first.leakage_mw + second.leakage_mw,
        first.flip_flops + second.flip_flops,
    )


def _write(path: Path, energy: UnitEnergy) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, npt.NDArray[np.generic]] = {"bits_checked": np.array(energy.bits_checked)}
    for name, value in energy.memory_ports.items():
        arrays[f"port {name}"] = np.frombuffer(value.to_bytes(-(-value.bit_length() // 8) or 1, "little"), np.uint8)
    for part, group in energy.groups.items():
        arrays |= {f"clock {part}": group.clock_pj, f"data {part}": group.data_pj}
        arrays[f"figures {part}"] = np.array([group.leakage_mw, group.flip_flops])
    staging = path.with_suffix(".part")
    with staging.open("wb") as file:
        np.savez_compressed(file, **arrays)
    staging.replace(path)


def _read(path: Path) -> UnitEnergy | None:
    """What was kept, or None where there is nothing or it is broken."""
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            kinds = [(*name.partition(" ")[::2], arrays[name]) for name in arrays.files]
    except (OSError, ValueError, EOFError, KeyError, BadZipFile, zlib.error):
        return None
    by_kind: dict[str, dict[str, npt.NDArray[np.generic]]] = {}
    for kind, name, array in kinds:
        by_kind.setdefault(kind, {})[name] = array
    try:
        groups = {
            part: GroupEnergy(clock, by_kind["data"][part], float(figures[0]), int(figures[1]))
            for part, clock in by_kind["clock"].items()
            for figures in [by_kind["figures"][part]]
        }
        ports = {name: int.from_bytes(array.tobytes(), "little") for name, array in by_kind.get("port", {}).items()}
        return UnitEnergy(groups, int(by_kind["bits_checked"][""]), ports)
    except KeyError:
        return None
