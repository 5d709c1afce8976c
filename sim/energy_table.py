"""Energy tables: picojoules for the events that the models count, each with its source."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from pinta_hw.spec import yaml_file
from pinta_hw.spec.errors import UserError

from .area import LOGIC

_FOLDER = Path(__file__).parent / "tables"
_NAMES = ("asap7", "published-45nm", "published-7nm")

Picojoules = Annotated[float, Field(ge=0)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Operation(_Record):
    """Energy of one event (pJ) and how it follows from the source."""

    energy_pj: Picojoules
    derivation: str


class Operations(_Record):
    """The events inside the datapath; `sim.events.Event` says what each of them is."""

    digit_multiply: Operation
    live_multiply: Operation
    digit_add: Operation
    accumulate: Operation
    live_accumulate: Operation
    align: Operation
    quantize: Operation
    round: Operation
    element_multiply: Operation
    element_add: Operation
    table_read: Operation
    fetch: Operation
    convert: Operation
    vector: Operation
    real_add: Operation
    real_multiply: Operation
    real_divide: Operation
    real_square_root: Operation
    scratchpad_word: Operation
    real_word: Operation
    beat: Operation
    instruction: Operation


class SramPoint(_Record):
    """One published access energy (pJ) of a memory of some capacity (KiB)."""

    capacity_kib: Annotated[float, Field(gt=0)]
    energy_pj: Picojoules


class Sram(_Record):
    """Access energies of memories of several capacities, for words of ``width_bits``."""

    width_bits: Annotated[int, Field(gt=0)]
    points: Annotated[tuple[SramPoint, ...], Field(min_length=1)]
    derivation: str

    def access_pj(self, capacity_kib: float, width_bits: int) -> float:
        """Energy of one access (pJ): linear in the logarithm of the capacity, constant outside the points."""
        points = sorted(self.points, key=lambda point: point.capacity_kib)
        scale = width_bits / self.width_bits
        if capacity_kib <= points[0].capacity_kib:
            return scale * points[0].energy_pj
        for low, high in zip(points, points[1:], strict=False):
            if capacity_kib <= high.capacity_kib:
                part = math.log(capacity_kib / low.capacity_kib) / math.log(high.capacity_kib / low.capacity_kib)
                return scale * (low.energy_pj + part * (high.energy_pj - low.energy_pj))
        return scale * points[-1].energy_pj


class OutsideMemory(_Record):
    """Energy of an access (pJ) of ``width_bits`` to the memory behind the AXI port."""

    width_bits: Annotated[int, Field(gt=0)]
    energy_pj: Picojoules
    derivation: str


class Standing(_Record):
    """What every cycle costs, whatever happens in it.

    ``clock_pj`` is the clock of the registers that no gate holds back, by part of `sim.area` (pJ a cycle for each
    flip-flop of the part); ``leakage_nw_per_um2`` is that of logic. Memory banks have none here.
    """

    clock_pj: Mapping[str, Picojoules]
    leakage_nw_per_um2: Annotated[float, Field(ge=0)]
    derivation: str

    @field_validator("clock_pj")
    @classmethod
    def _known_parts(cls, clock_pj: Mapping[str, float]) -> Mapping[str, float]:
        for part in clock_pj:
            if part not in LOGIC:
                raise ValueError(f"parts among {', '.join(LOGIC)}, not {part!r}")
        return clock_pj


class EnergyTable(_Record):
    """One table: node, source, energies, and what they leave out.

    ``provenance`` names what a measured table was derived with: tools, libraries, activity, command.
    """

    name: str
    node_nm: Annotated[float, Field(gt=0)]
    source: str
    provenance: Mapping[str, str] = Field(default_factory=dict)
    operations: Operations
    sram: Sram
    outside_memory: OutsideMemory
    standing: Standing
    excluded: tuple[str, ...]

    def __hash__(self) -> int:
        """Tables of one name rarely differ, and then they are still told apart."""
        return hash(self.name)


def table_names() -> list[str]:
    """Names of the tables that come with the package."""
    return [name for name in _NAMES if (_FOLDER / f"{name}.yaml").is_file()]


def load_table(name_or_path: str) -> EnergyTable:
    """A table of the package, or one from a YAML file of the same form.

    Raises
    ------
    UserError
        If there is no such table, or something in it is not possible.
    """
    if "/" in name_or_path or name_or_path.endswith((".yaml", ".yml")):
        return yaml_file.load(name_or_path, EnergyTable)
    if name_or_path not in table_names():
        raise UserError(
            f"energy table {name_or_path!r} is not known; allowed: {', '.join(table_names())}, or a path to a YAML file"
        )
    return yaml_file.load(_FOLDER / f"{name_or_path}.yaml", EnergyTable)
