"""Zeros that products multiply by, against a count one by one."""

import numpy as np

from golden.first_step import first_step_activities
from golden.lowering.compiler import lower
from golden.machine.activity import product_activity
from golden.quantize import quantize
from golden.smx import SmxMatrix
from pinta_hw.spec.activity import MOST, Activity
from pinta_hw.spec.digits import steps
from pinta_hw.spec.isa.gemm import Gemm
from tb.golden.test_lowering import SMALL, experiment


def sparse(rng: np.random.Generator, rows: int, columns: int, bits: int) -> SmxMatrix:
    """Numbers of which a third is zero, and so is a block."""
    values = rng.normal(size=(rows, columns)) * (rng.random((rows, columns)) < 2 / 3)
    values[:4, :4] = 0
    return quantize(values.astype(np.float32), bits)


def blocks_not_zero(matrix: SmxMatrix) -> np.ndarray:
    rows, columns = matrix.exponents.shape
    return np.array([[block(matrix, i, j).any() for j in range(columns)] for i in range(rows)])


def block(matrix: SmxMatrix, i: int, j: int) -> np.ndarray:
    return matrix.mantissas[4 * i : 4 * i + 4, 4 * j : 4 * j + 4]


def one_by_one(a: SmxMatrix, b: SmxMatrix) -> Activity:
    """Every digit product and every pair of blocks."""
    live, count = 0, 0
    digits_of_b = 2 * b.format.byte_planes
    for step in steps(a.bits, b.bits):
        digits = a.mantissas >> (4 * step.a_plane) & 15
        bytes_ = (b.mantissas << (4 * digits_of_b - b.bits)) >> (8 * step.b_byte) & 255
        both = (digits != 0)[:, :, None] & (bytes_ != 0)[None]
        live, count = live + both.sum(), count + both.size
    a_blocks, b_blocks = blocks_not_zero(a), blocks_not_zero(b)
    pairs = (a_blocks[:, :, None] & b_blocks[None]).mean()
    return Activity(live / count, float(pairs))


def test_shares_are_those_of_a_count_one_by_one() -> None:
    seed = int(np.random.default_rng().integers(1 << 32))
    print("seed", seed)
    rng = np.random.default_rng(seed)
    for a_bits, b_bits in ((4, 4), (8, 8), (12, 8), (16, 12), (16, 16)):
        a, b = sparse(rng, 7, 10, a_bits), sparse(rng, 10, 5, b_bits)
        found, expected = product_activity(a, b), one_by_one(a, b)
        np.testing.assert_allclose((found.digits, found.blocks), (expected.digits, expected.blocks))
        assert 0 < found.digits < found.blocks < 1


def test_a_program_tells_the_zeros_of_its_products() -> None:
    lowered = lower(experiment("hjb"), SMALL, 1)
    found = first_step_activities(lowered)
    kinds = [isinstance(each.operation, Gemm) for each in lowered.program.body]
    assert len(found) == len(kinds) and all(one == MOST for one, is_one in zip(found, kinds, strict=True) if not is_one)
    products = [one for one, is_one in zip(found, kinds, strict=True) if is_one]
    assert all(0 < one.digits <= 1 and one.digits <= one.blocks <= 1 for one in products)
    # Directions along coordinates are zero but for one place.
    assert min(one.digits for one in products) < 0.2 < 0.5 < max(one.digits for one in products)
