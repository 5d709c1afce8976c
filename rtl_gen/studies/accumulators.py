"""What a block-floating accumulator costs, by variant, width and rounding."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .accumulator_variants import StudyAccumulator, Variant
from .measurement import Progress, measure

WIDTHS = (24, 28, 32, 36, 40)


@dataclass(frozen=True)
class AccumulatorRow:
    """Sixteen lanes of one accumulator, without partial sums and result register.

    Parameters
    ----------
    variant, rounding : str
    width : int
        Accumulator bits.
    area_um2 : float
    flops : int
    critical_path_ps : float or None
        Shortest clock period before layout, setup included; None without OpenSTA.
    """

    variant: str
    width: int
    rounding: str
    area_um2: float
    flops: int
    critical_path_ps: float | None


def run(
    liberty: Path, progress: Progress | None = None, *, widths: Sequence[int] = WIDTHS
) -> tuple[AccumulatorRow, ...]:
    """Map every variant at every width with both roundings.

    Parameters
    ----------
    liberty : Path
        Cell library.
    progress : callable, optional
        Called with one line before each mapping.
    widths : sequence of int
        Accumulator bits.

    Raises
    ------
    UserError
        If a tool or the library is missing.
    """
    rows = []
    cases = [(width, variant, half_up) for width in widths for variant in Variant for half_up in (True, False)]
    with tempfile.TemporaryDirectory() as work:
        for number, (width, variant, half_up) in enumerate(cases, 1):
            rounding = "half up" if half_up else "floor"
            if progress:
                progress(f"{number}/{len(cases)}: {variant.value}, {width} bits, {rounding}")
            result = measure(StudyAccumulator(variant, width, half_up), liberty, Path(work) / str(number))
            rows.append(
                AccumulatorRow(variant.value, width, rounding, result.area_um2, result.flops, result.critical_path_ps)
            )
    return tuple(rows)
