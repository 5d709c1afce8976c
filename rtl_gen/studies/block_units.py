"""What precision scalability costs: the block unit beside a fixed INT8 unit and a fused one, and its digit order."""

import random
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from amaranth.lib import wiring

from pinta_hw.array.block_unit import BlockUnit
from pinta_hw.array.partial_sum import PartialSums
from rtl_gen.synthesis import SynthesisResult, simulated_power_mw

from . import stimuli
from .fixed_int8 import FixedInt8Unit
from .fused import FusedUnit
from .measurement import Progress, measure
from .partial_sum_variants import MsbFirstPartialSums

INT8_MACS_PER_CYCLE = 32
"""Of every unit here: a block of 64 products takes two cycles."""
STREAMS = 32
TILES = 2
SEED = 1


@dataclass(frozen=True)
class BlockUnitRow:
    """One unit, or one part of a unit.

    Parameters
    ----------
    name : str
    cycles : str
        Cycles a k-block, by bits of A x bits of B.
    area_um2 : float
    flops : int
    critical_path_ps : float or None
        Shortest clock period before layout, setup included; None without OpenSTA.
    energy_int8_mac_pj : float or None
        A multiply-accumulate of random INT8 operands at 1 GHz, simulated at zero delay (no glitches); None without
        OpenSTA, and for parts.
    """

    name: str
    cycles: str
    area_um2: float
    flops: int
    critical_path_ps: float | None
    energy_int8_mac_pj: float | None


@dataclass(frozen=True)
class _Case:
    name: str
    cycles: str
    component: Callable[[], wiring.Component]
    cycles_of: Callable[[random.Random, int, int], Iterator[Mapping[str, int]]] | None = None


CASES = (
    _Case("block unit", "4x8: 1, 8x8: 2, 12x8: 3, 12x12: 6, 16x16: 8", BlockUnit, stimuli.block_unit),
    _Case("fixed INT8 unit", "8x8: 2", FixedInt8Unit, stimuli.fixed_int8),
    _Case("fused unit", "4x8: 1, 8x8: 2, 12x8: 4, 12x12: 8, 16x16: 8", FusedUnit, stimuli.fused),
    _Case("partial sums, least significant digit first", "", PartialSums),
    _Case("partial sums, most significant digit first", "", MsbFirstPartialSums),
)


def run(liberty: Path, progress: Progress | None = None) -> tuple[BlockUnitRow, ...]:
    """Map every unit and price an INT8 multiply-accumulate.

    Parameters
    ----------
    liberty : Path
        Cell library.
    progress : callable, optional
        Called with one line before each mapping.

    Raises
    ------
    UserError
        If a tool or the library is missing.
    """
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        for number, case in enumerate(CASES, 1):
            if progress:
                progress(f"{number}/{len(CASES)}: {case.name}")
            work = Path(temporary) / str(number)
            result = measure(case.component(), liberty, work)
            rows.append(
                BlockUnitRow(
                    name=case.name,
                    cycles=case.cycles,
                    area_um2=result.area_um2,
                    flops=result.flops,
                    critical_path_ps=result.critical_path_ps,
                    energy_int8_mac_pj=_energy_pj(case, result, liberty, work),
                )
            )
    return tuple(rows)


def _energy_pj(case: _Case, result: SynthesisResult, liberty: Path, work: Path) -> float | None:
    if case.cycles_of is None or result.critical_path_ps is None:
        return None
    cycles = case.cycles_of(random.Random(SEED), STREAMS, TILES)
    power_mw = simulated_power_mw(result, liberty, cycles, STREAMS, work)
    return power_mw * 1e-3 * result.period_ps * 1e-12 / INT8_MACS_PER_CYCLE * 1e12
