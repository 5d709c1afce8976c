"""The FP32 units' Verilog against NumPy, over many operands."""

import random

import numpy as np
import pytest

from pinta_hw.spec.real import REAL_TIMING, RealOperation
from tb.real.reference import describe, numpy_model
from tb.real.session import DEPTH, build_units, run_unit
from tb.real.vectors import directed, random_pairs
from tb.tools import skip_without

RANDOM_PAIRS = 100_000
LONG_RUNS = 10
"""Runs of `DEPTH` operations in the long test."""
OPERATIONS = pytest.mark.parametrize("operation", list(RealOperation), ids=lambda operation: operation.value)


def seeded() -> tuple[int, np.random.Generator]:
    seed = random.randrange(1, 1 << 31)
    print(f"seed {seed}")
    return seed, np.random.default_rng(seed)


def check(operation, a, b, results):
    wrong = np.flatnonzero(results != numpy_model(operation, a, b))
    if len(wrong):
        first = wrong[0]
        answer = numpy_model(operation, a[first : first + 1], b[first : first + 1])[0]
        pytest.fail(
            f"{len(wrong)} of {len(results)} wrong; number {first}: {operation.value} of {describe(a[first])} and "
            f"{describe(b[first])} is {describe(results[first])}, expected {describe(answer)}"
        )


@OPERATIONS
def test_unit(operation):
    """Directed pairs of all classes and random ones, without gaps: every bit, and the pace."""
    seed, rng = seeded()
    a, b = (np.concatenate(side) for side in zip(directed(), random_pairs(operation, RANDOM_PAIRS, rng), strict=True))
    outcome = run_unit(build_units(), operation, a, b, seed)
    check(operation, a, b, outcome.results)
    timing = REAL_TIMING[operation]
    assert outcome.cycles == (len(a) - 1) * timing.interval_cycles + timing.latency_cycles


@pytest.mark.parametrize(
    ("offer", "accept"), [(0.3, 1.0), (1.0, 0.05), (0.5, 0.5)], ids=["gaps", "stalls", "gaps and stalls"]
)
@OPERATIONS
def test_unit_with(operation, offer, accept):
    seed, rng = seeded()
    a, b = random_pairs(operation, RANDOM_PAIRS // 20, rng)
    outcome = run_unit(build_units(), operation, a, b, seed, offer, accept)
    check(operation, a, b, outcome.results)


@pytest.mark.slow
@OPERATIONS
def test_millions(operation):
    """Ten million operations."""
    seed, rng = seeded()
    compiled = build_units()
    for _ in range(LONG_RUNS):
        a, b = random_pairs(operation, DEPTH, rng)
        check(operation, a, b, run_unit(compiled, operation, a, b, seed).results)


@pytest.mark.slow
@OPERATIONS
def test_unit_in_icarus(operation):
    skip_without("iverilog")
    seed, rng = seeded()
    a, b = random_pairs(operation, 2000, rng)
    outcome = run_unit(build_units("icarus"), operation, a, b, seed, 0.7, 0.7)
    check(operation, a, b, outcome.results)
