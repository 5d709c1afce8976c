"""The residual unit against NumPy: every word of the real memory, and the cycles of every instruction."""

import dataclasses
import random

import numpy as np
import pytest

from pinta_hw.spec.isa.real import Vector, VectorOperation
from pinta_hw.spec.presets import load_config
from pinta_hw.spec.real_timing import vector_cycles, vector_pace
from tb.real.cases import Case, random_vector
from tb.real.memory_session import build_units_on_memory, check_cases
from tb.real.simulation import simulate_cases
from tb.tools import skip_without

OPERATIONS = pytest.mark.parametrize("operation", list(VectorOperation), ids=lambda operation: operation.name.lower())
TINY = dataclasses.replace(load_config("tiny"), real_words=64)
CASES = 6
VERILOG_CASES = 60
LONG_CASES = 2000


def seeded() -> np.random.Generator:
    seed = random.randrange(1 << 31)
    print(f"seed {seed}")
    return np.random.default_rng(seed)


def bits(*numbers: float) -> np.ndarray:
    return np.array(numbers, dtype=np.float32).view(np.uint32)


@pytest.mark.parametrize("lanes", [1, 2, 4])
def test_random_vectors(lanes):
    rng = seeded()
    config = dataclasses.replace(TINY, residual_lanes=lanes)
    simulate_cases(
        config, [random_vector(config, rng, operation, 16) for operation in VectorOperation for _ in range(CASES)]
    )


def test_in_place():
    """Over one operand, over both, and over a scalar, which counts with what it was before."""
    cases = []
    for length in (1, 2, 3, 4, 5, 8, 9):
        a, b = bits(*range(1, length + 1)), bits(*range(11, length + 11))
        for result, first, second in ((21, 21, 66), (66, 21, 66), (21, 21, 21)):
            vector = Vector(VectorOperation.DIVIDE, result, first, second, length)
            cases.append(Case(vector, {first: a} | {second: b}, ((result, length),)))
        over_scalar = Vector(VectorOperation.SUBTRACT, 66, 21, 66, length, b_scalar=True)
        cases.append(Case(over_scalar, {21: a, 66: bits(0.25)}, ((66, length),)))
    simulate_cases(dataclasses.replace(TINY, residual_lanes=4), cases)


def test_one_after_the_other():
    """An instruction starts in the cycle after its predecessor is done, whatever both are."""
    rng = seeded()
    config = dataclasses.replace(TINY, residual_lanes=4, real_words=128)
    operands = rng.normal(size=32).astype(np.float32).view(np.uint32)
    results = 33
    cases = []
    for operation in rng.choice(list(VectorOperation), 60).tolist():
        length = int(rng.integers(1, 8))
        a, b = (int(start) for start in rng.integers(32 - length + 1, size=2))
        a_scalar, b_scalar = (bool(flag) for flag in rng.random(2) < 0.3)
        vector = Vector(VectorOperation(operation), results, a, b, length, a_scalar, b_scalar)
        cases.append(Case(vector, {} if cases else {0: operands}, ()))
        results += length
    cases[-1] = dataclasses.replace(cases[-1], results=((33, results - 33),))
    simulate_cases(config, cases)


def test_sums():
    """Sequential and ascending: 1e8 swallows each 1 alone, but not their sum.

    One element is read and written as every number: a subnormal one is a zero, and there is one NaN.
    """
    ones = bits(*[1.0] * 22)
    cases = [
        Case(Vector(VectorOperation.SUM, 40, 3, 0, 23), {3: np.concatenate([bits(1e8), ones])}, ((40, 1),)),
        Case(Vector(VectorOperation.SUM, 41, 3, 0, 23), {3: np.concatenate([ones, bits(1e8)])}, ((41, 1),)),
    ]
    for place, word in enumerate((0x00000000, 0x80000000, 0x80000001, 0x3F800000, 0xFFC12345, 0x7F800000), 42):
        element = np.array([word], dtype=np.uint32)
        cases.append(Case(Vector(VectorOperation.SUM, place, 2, 0, 1), {2: element}, ((place, 1),)))
    memory = simulate_cases(TINY, cases)
    assert memory[40:48].tolist() == [
        *bits(1e8, 1e8 + 24).tolist(),
        *(0x00000000, 0x80000000, 0x80000000, 0x3F800000, 0x7FC00000, 0x7F800000),
    ]


@pytest.mark.parametrize("lanes", [1, 2, 4])
def test_paces(lanes):
    """Reads and writes of a chunk's period never share a cycle, and a chunk leaves before the next one replaces it."""
    for operation in VectorOperation:
        for repeats in range(4):
            pace = vector_pace(lanes, operation, bool(repeats & 1), bool(repeats & 2))
            reads = {phase for phase in range(2) if not repeats >> phase & 1}
            assert pace.write_cycle % pace.period_cycles not in reads
            assert 0 <= pace.wait_cycles < pace.period_cycles


def test_cycles_of_edge():
    """Pinned: two vectors, a vector and a scalar, the slow operations, a sum; of 100 words."""
    config = load_config("edge")
    cycles = {
        (operation, scalar): vector_cycles(config, Vector(operation, 0, 0, 0, 100, b_scalar=scalar))
        for operation in VectorOperation
        for scalar in (False, True)
    }
    assert cycles[VectorOperation.ADD, False] == 85
    assert cycles[VectorOperation.ADD, True] == 59
    assert cycles[VectorOperation.MULTIPLY, False] == 82
    assert cycles[VectorOperation.MULTIPLY, True] == 59
    assert cycles[VectorOperation.DIVIDE, False] == 358
    assert cycles[VectorOperation.SQUARE_ROOT, False] == 333
    assert cycles[VectorOperation.SUM, False] == 407


@pytest.mark.parametrize(
    ("preset", "lanes"),
    [("edge", 4), pytest.param("edge", 2, marks=pytest.mark.slow), pytest.param("tiny", 1, marks=pytest.mark.slow)],
)
def test_verilog(preset, lanes):
    rng = seeded()
    config = dataclasses.replace(load_config(preset), residual_lanes=lanes)
    cases = [random_vector(config, rng, operation, 300) for operation in VectorOperation for _ in range(VERILOG_CASES)]
    check_cases(build_units_on_memory(config), config, cases, "residual")


@pytest.mark.slow
@OPERATIONS
def test_many_in_verilog(operation):
    rng = seeded()
    config = load_config("edge")
    cases = [random_vector(config, rng, operation, 2000) for _ in range(LONG_CASES)]
    check_cases(build_units_on_memory(config), config, cases, f"residual-{operation.name.lower()}")


@pytest.mark.slow
def test_in_icarus():
    skip_without("iverilog")
    rng = seeded()
    config = load_config("tiny")
    cases = [random_vector(config, rng, operation, 40) for operation in VectorOperation for _ in range(3)]
    check_cases(build_units_on_memory(config, "icarus"), config, cases, "residual")
