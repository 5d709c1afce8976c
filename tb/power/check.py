"""The model's energy beside that of the netlists, part by part."""

from dataclasses import dataclass

from golden.lowering.compiler import Lowered
from sim.area import LOGIC
from sim.energy_table import EnergyTable
from sim.part_energy import part_energy_pj

from .measurement import Measurement
from .programs import executed

ALLOWED = 0.15


@dataclass(frozen=True)
class PartCheck:
    """Mean power of a part over the program (mW): of its netlist, and from the model."""

    part: str
    netlist_mw: float
    model_mw: float

    @property
    def error(self) -> float:
        """Of the model."""
        return self.model_mw / self.netlist_mw - 1


@dataclass(frozen=True)
class PowerCheck:
    """The comparison.

    Parameters
    ----------
    parts : tuple of PartCheck
        All parts made of cells.
    memories_mw : dict of str to float
        Memory banks on the chip, from the model alone: there is no netlist of them.
    cycles, bits_checked : int
        Of the program; register bits in which netlists and RTL were compared.
    """

    parts: tuple[PartCheck, ...]
    memories_mw: dict[str, float]
    cycles: int
    bits_checked: int

    @property
    def total(self) -> PartCheck:
        """All parts together."""
        return PartCheck(
            "together", sum(part.netlist_mw for part in self.parts), sum(part.model_mw for part in self.parts)
        )

    @property
    def passed(self) -> bool:
        """Whether the model's total is within `ALLOWED` of the netlists'."""
        return abs(self.total.error) <= ALLOWED


def compare(lowered: Lowered, measured: Measurement, table: EnergyTable) -> PowerCheck:
    """Compare the energy of a program.

    Parameters
    ----------
    lowered : Lowered
        What ran.
    measured : Measurement
        Of that program.
    table : EnergyTable
        For the model.
    """
    model = part_energy_pj(lowered.config, table, executed(lowered), measured.cycles)
    nanoseconds = measured.cycles * measured.period_ps * 1e-3  # a picojoule in a nanosecond is a milliwatt
    parts = tuple(
        PartCheck(part, group.total_pj(measured.period_ps) / nanoseconds, model[part] / nanoseconds)
        for part, group in measured.parts.items()
    )
    memories = {part: pj / nanoseconds for part, pj in model.items() if part.endswith(("banks", "stores"))}
    assert {part.part for part in parts} == set(LOGIC)
    return PowerCheck(parts, memories, measured.cycles, measured.bits_checked)
