"""Runs GEMM cases on the RTL of the whole machine and compares every element, and the cycles, with the models."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from golden.gemm import gemm
from golden.smx import SmxMatrix
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.instruction import Instruction, Program, Unit
from pinta_hw.spec.isa.transfer import BEAT_BYTES, Direction, Transfer
from sim.program import simulate
from tb.machine.session import Job, Outcome, run_job
from tb.runner import Build

from .batch import Batch, GemmCase, batches
from .image import ScratchpadImage


@dataclass(frozen=True)
class CaseResult:
    """One GEMM: RTL against golden model. ``difference`` describes the first wrong element, if any."""

    name: str
    shape: tuple[int, int, int]
    """Rows, columns, contraction."""
    bits: tuple[int, int, int]
    """Widths of A, B and the result."""
    grouping: str
    elements: int
    mismatches: int
    predicted_cycles: int
    utilization: float
    """Of the multipliers, in these cycles."""
    difference: str | None

    @property
    def passed(self) -> bool:
        return self.mismatches == 0


@dataclass(frozen=True)
class CheckResult:
    """All GEMMs of one run.

    Parameters
    ----------
    cases : tuple of CaseResult
    cycles, predicted_cycles : int
        That the GEMM unit was busy, by the machine's own counter.
    program_cycles, predicted_program_cycles : int
        Of the programs, with the transfers of the operands.
    seconds : float
        That these cycles took on the host.
    """

    cases: tuple[CaseResult, ...]
    cycles: int
    predicted_cycles: int
    program_cycles: int
    predicted_program_cycles: int
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every element and every cycle is as predicted."""
        exact = (self.cycles, self.program_cycles) == (self.predicted_cycles, self.predicted_program_cycles)
        return exact and all(case.passed for case in self.cases)

    @property
    def cycles_per_second(self) -> float:
        """Of the simulation."""
        return self.program_cycles / self.seconds


def check(compiled: Build, config: AcceleratorConfig, cases: Sequence[GemmCase], name: str = "run") -> CheckResult:
    """Run ``cases`` on the machine that was compiled for ``config``, as few programs as they fit into.

    Raises
    ------
    UserError
        If a case does not fit the scratchpad.
    SimulationError
        If the machine reports an error, or takes much longer than predicted.
    AssertionError
        If its NaN status is wrong.
    """
    results: list[CaseResult] = []
    cycles = predicted_cycles = program_cycles = predicted_program_cycles = 0
    seconds = 0.0
    for number, batch in enumerate(batches(config, cases)):
        program, memory = _program(batch)
        predicted = simulate(config, program).cycles
        outcome = run_job(compiled, Job(config, program, memory, 2 * predicted + 10_000), f"{name}-{number}")
        results.extend(_compare(config, batch, outcome))
        cycles += outcome.counters.busy_cycles[Unit.GEMM]
        predicted_cycles += sum(case.predicted_cycles(config) for case in batch.cases)
        program_cycles += outcome.counters.cycles
        predicted_program_cycles += predicted
        seconds += outcome.seconds
    return CheckResult(tuple(results), cycles, predicted_cycles, program_cycles, predicted_program_cycles, seconds)


def _program(batch: Batch) -> tuple[Program, bytes]:
    """Operands in, one product after the other; and the memory that they come from."""
    loads, memory = [], bytearray()
    for layout in batch.operands:
        words = slice(layout.base, layout.base + layout.words)
        beats = np.stack([batch.image.planes[words], batch.image.exponents[words].astype(np.uint64)], axis=1)
        loads.append(Instruction(Transfer(Direction.LOAD_TENSOR, len(memory), 0, layout.base, layout.words)))
        assert len(memory) % BEAT_BYTES == 0
        memory += beats.tobytes()
    return Program(loads, [Instruction(gemm) for gemm in batch.instructions], [], 1), bytes(memory)


def _compare(config: AcceleratorConfig, batch: Batch, outcome: Outcome) -> Iterator[CaseResult]:
    any_nan = False
    held = ScratchpadImage(config)
    held.planes, held.exponents = outcome.planes, outcome.exponents
    for case, layout in zip(batch.cases, batch.results, strict=True):
        expected = gemm(case.a, case.b, case.result_bits)
        mismatches, difference = compare(held.load(layout, expected.shape), expected)
        any_nan |= expected.has_nan
        cycles = case.predicted_cycles(config)
        yield CaseResult(
            case.name,
            (case.a.shape[0], case.b.shape[1], case.a.shape[1]),
            (case.a.bits, case.b.bits, case.result_bits),
            str(config.groupings[case.chosen_grouping(config)]),
            expected.mantissas.size,
            mismatches,
            cycles,
            case.digit_multiplies / (cycles * config.units * 64),
            difference,
        )
    assert outcome.nan == any_nan, f"NaN status is {outcome.nan}, but NaN blocks written: {any_nan}"


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
