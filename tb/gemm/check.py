"""Runs GEMM cases on the RTL and compares every element and every cycle count with the models."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from golden.gemm import gemm
from golden.smx import SmxMatrix
from pinta_hw.spec.config import AcceleratorConfig
from tb.harness.session import Program, ProgramOutcome, run_programs
from tb.runner import Build

from .batch import Batch, GemmCase, batches


@dataclass(frozen=True)
class CaseResult:
    """One GEMM: RTL against models. ``difference`` describes the first wrong element, if any."""

    name: str
    shape: tuple[int, int, int]
    """Rows, columns, contraction."""
    bits: tuple[int, int, int]
    """Widths of A, B and the result."""
    grouping: str
    elements: int
    mismatches: int
    cycles: int
    predicted_cycles: int
    utilization: float
    difference: str | None

    @property
    def passed(self) -> bool:
        return self.mismatches == 0 and self.cycles == self.predicted_cycles


@dataclass(frozen=True)
class CheckResult:
    """All GEMMs of one run, with the simulation's speed."""

    cases: tuple[CaseResult, ...]
    simulated_cycles: int
    cycles_per_second: float
    trace: Path | None


def check(
    compiled: Build,
    config: AcceleratorConfig,
    cases: Sequence[GemmCase],
    name: str = "run",
    progress: Callable[[int], None] = lambda count: None,
) -> CheckResult:
    """Run ``cases`` on the harness that was compiled for ``config``.

    Parameters
    ----------
    progress : callable
        Called with the number of cases compared since the last call.

    Raises
    ------
    UserError
        If a case does not fit the scratchpad.
    AssertionError
        If the accelerator hangs, reports a bank conflict, or its NaN status is wrong.
    """
    packed = list(batches(config, cases))
    programs = [_program(config, batch) for batch in packed]
    outcome = run_programs(compiled, config, programs, name)
    results: list[CaseResult] = []
    for batch, told in zip(packed, outcome.programs, strict=True):
        assert not told.conflict, "two clients of one scratchpad group"
        results.extend(_compare(config, batch, told, progress))
    return CheckResult(tuple(results), outcome.simulated_cycles, outcome.cycles_per_second, outcome.trace)


def _program(config: AcceleratorConfig, batch: Batch) -> Program:
    rows: set[int] = set()
    for layout in batch.results:
        rows.update(range(layout.base // config.banks, (layout.base + layout.words - 1) // config.banks + 1))
    predicted = sum(case.predicted_cycles(config) for case in batch.cases)
    limit = 2 * predicted + 100 * len(batch.cases)
    return Program(batch.image, batch.instructions, np.array(sorted(rows), dtype=np.int64), limit)


def _compare(
    config: AcceleratorConfig, batch: Batch, told: ProgramOutcome, progress: Callable[[int], None]
) -> Iterable[CaseResult]:
    any_nan = False
    for case, layout, cycles in zip(batch.cases, batch.results, told.instruction_cycles, strict=True):
        expected = gemm(case.a, case.b, case.result_bits)
        received = batch.image.load(layout, expected.shape)
        mismatches, difference = compare(received, expected)
        any_nan |= expected.has_nan
        grouping = config.groupings[case.chosen_grouping(config)]
        yield CaseResult(
            case.name,
            (case.a.shape[0], case.b.shape[1], case.a.shape[1]),
            (case.a.bits, case.b.bits, case.result_bits),
            str(grouping),
            expected.mantissas.size,
            mismatches,
            cycles,
            case.predicted_cycles(config),
            case.digit_multiplies / (cycles * config.units * 64),
            difference,
        )
        progress(1)
    assert told.nan == any_nan, f"NaN status is {told.nan}, but NaN blocks written: {any_nan}"


def compare(received: SmxMatrix, expected: SmxMatrix) -> tuple[int, str | None]:
    """Elements (padding included) whose mantissa or exponent differs, and the first of them in words."""
    rows = np.repeat(np.repeat(received.exponents != expected.exponents, 4, axis=0), 4, axis=1)
    wrong = rows | (received.mantissas != expected.mantissas)
    count = int(wrong.sum())
    if count == 0:
        return 0, None
    r, c = (int(n) for n in np.argwhere(wrong)[0])
    return count, (
        f"element ({r}, {c}), block ({r // 4}, {c // 4}): RTL mantissa {received.mantissas[r, c]} "
        f"exponent {received.exponents[r // 4, c // 4]}, golden mantissa {expected.mantissas[r, c]} "
        f"exponent {expected.exponents[r // 4, c // 4]}"
    )
