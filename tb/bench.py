"""How fast the simulator runs the machine while it multiplies matrices."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pinta_hw.spec.config import AcceleratorConfig

from .gemm.batch import GemmCase
from .gemm.check import check
from .machine.design import machine_design
from .machine.programs import HARNESS_BYTES
from .matrices import random_matrix
from .runner import build

LARGE = (256, 128, 128)
"""Rows, columns and contraction of the product, where a group of the scratchpad holds it."""
_LARGE_GROUP_WORDS = 8192
SMALL = (32, 32, 32)
REPETITIONS = 20


@dataclass(frozen=True)
class Speed:
    """The simulator's speed from a start to the interrupt; before it, the build."""

    simulator: str
    cycles: int
    seconds: float
    build_seconds: float

    @property
    def cycles_per_second(self) -> float:
        return self.cycles / self.seconds


def bench(config: AcceleratorConfig, progress: Callable[[str], None]) -> Speed:
    """Measure Verilator; results and cycles are compared with the golden model and the timing formulas.

    Raises
    ------
    UserError
        If the simulator is missing.
    AssertionError
        If a result or a cycle count is wrong.
    """
    m, n, k = LARGE if config.group_words >= _LARGE_GROUP_WORDS else SMALL
    rng = np.random.default_rng(1)
    case = GemmCase(f"{m}x{k} {k}x{n}", random_matrix(rng, (m, k), 8), random_matrix(rng, (k, n), 8), 8)
    progress("verilator: compiling")
    started = time.perf_counter()
    compiled = build(machine_design(config, HARNESS_BYTES))
    build_seconds = time.perf_counter() - started
    progress("verilator: simulating")
    result = check(compiled, config, [case] * REPETITIONS, "bench")
    assert result.passed, "wrong results or cycles"
    return Speed("verilator", result.program_cycles, result.seconds, build_seconds)
