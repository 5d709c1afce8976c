"""The three golden products agree bit by bit: numba, NumPy and unbounded Python integers."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from golden import gemm_reference
from golden.accumulators import Accumulators
from golden.gemm import accumulate, gemm
from golden.quantize import quantize
from golden.smx import SmxMatrix
from pinta_hw.spec.accumulator import ACCUMULATOR_BITS, ACCUMULATOR_FRACTION_BITS, MAX_CONTRACTION
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.formats import NAN_EXPONENT, SMX_BITS

PAIRS = list(itertools.product(SMX_BITS, SMX_BITS))
SHAPES = [(1, 1, 1), (3, 5, 9), (5, 9, 3), (9, 4, 5), (4, 40, 8)]


def by_definition(a: SmxMatrix, b: SmxMatrix) -> Accumulators:
    """The rules of the contract over Fractions and unbounded integers, element by element."""
    rows, columns = a.exponents.shape[0], b.exponents.shape[1]
    acc = np.zeros((4 * rows, 4 * columns), dtype=np.int64)
    exponents = np.zeros((rows, columns), dtype=np.int64)
    nan = np.zeros((rows, columns), dtype=bool)
    unit = Fraction(2) ** (ACCUMULATOR_FRACTION_BITS - (a.bits - 2) - (b.bits - 2))
    for i, j in itertools.product(range(rows), range(columns)):
        block, exponent = [[0] * 4 for _ in range(4)], 0
        for k in range(a.exponents.shape[1]):
            a_block = a.mantissas[4 * i : 4 * i + 4, 4 * k : 4 * k + 4].tolist()
            b_block = b.mantissas[4 * k : 4 * k + 4, 4 * j : 4 * j + 4].tolist()
            if NAN_EXPONENT in (a.exponents[i, k], b.exponents[k, j]):
                nan[i, j] = True
            if not any(map(any, a_block)) or not any(map(any, b_block)):
                continue
            pair = int(a.exponents[i, k]) + int(b.exponents[k, j])
            new = max(exponent, pair)
            for r, c in itertools.product(range(4), range(4)):
                product = sum(a_block[r][n] * b_block[n][c] for n in range(4))
                aligned = product * unit / 2 ** (new - pair)
                block[r][c] = block[r][c] // 2 ** (new - exponent) + int((aligned + Fraction(1, 2)) // 1)
                assert abs(block[r][c]) < 2 ** (ACCUMULATOR_BITS - 1)
            exponent = new
        if not nan[i, j]:
            acc[4 * i : 4 * i + 4, 4 * j : 4 * j + 4], exponents[i, j] = block, exponent
    return Accumulators(acc, exponents, nan, (a.shape[0], b.shape[1]))


def operand(rng: np.random.Generator, shape: tuple[int, int], bits: int, spread: int) -> SmxMatrix:
    """Random mantissas of all sizes; exponents ``spread`` around the middle; some zero blocks."""
    base = quantize(rng.standard_normal(shape), bits)
    grid = base.exponents.shape
    exponents = np.clip(127 + rng.integers(-spread, spread + 1, grid), 0, 254).astype(np.uint8)
    zero = rng.random(grid) < 0.2
    tiny = rng.random(grid) < 0.2
    mantissas = base.mantissas.copy()
    mantissas[np.kron(tiny, np.ones((4, 4), bool))] %= 2
    mantissas[np.kron(zero, np.ones((4, 4), bool))] = 0
    exponents[zero] = 0
    return SmxMatrix(mantissas, exponents, bits, shape)


def assert_same(got: Accumulators, expected: Accumulators) -> None:
    if got.equals(expected):
        return
    i, j = (
        np.argwhere((got.exponents != expected.exponents) | (got.nan != expected.nan)).tolist()[:1] or [[None, None]][0]
    )
    r, c = (np.argwhere(got.mantissas != expected.mantissas).tolist() or [[0, 0]])[0]
    raise AssertionError(
        f"block {(i, j)} differs in exponent or NaN; lane ({r}, {c}): "
        f"{got.mantissas[r, c]} at {got.exponents[r // 4, c // 4]}, expected "
        f"{expected.mantissas[r, c]} at {expected.exponents[r // 4, c // 4]}"
    )


@pytest.mark.parametrize(("a_bits", "b_bits"), PAIRS)
def test_all_precisions(a_bits: int, b_bits: int) -> None:
    seed = 100 * a_bits + b_bits
    print("seed", seed)
    rng = np.random.default_rng(seed)
    for (rows, inner, columns), spread in itertools.product(SHAPES, (2, 20, 127)):
        a = operand(rng, (rows, inner), a_bits, spread)
        b = operand(rng, (inner, columns), b_bits, spread)
        expected = by_definition(a, b)
        assert_same(gemm_reference.accumulate(a, b), expected)
        assert_same(accumulate(a, b), expected)


@pytest.mark.parametrize(("a_bits", "b_bits"), PAIRS)
def test_larger_products(a_bits: int, b_bits: int) -> None:
    seed = 7 + 100 * a_bits + b_bits
    print("seed", seed)
    rng = np.random.default_rng(seed)
    a, b = operand(rng, (37, 300), a_bits, 6), operand(rng, (300, 50), b_bits, 6)
    assert_same(accumulate(a, b), gemm_reference.accumulate(a, b))


def test_products_large_enough_for_threads() -> None:
    rng = np.random.default_rng(11)
    a, b = operand(rng, (257, 260), 8, 6), operand(rng, (260, 259), 8, 6)
    assert_same(accumulate(a, b), gemm_reference.accumulate(a, b))


def full(shape: tuple[int, int], mantissa: int, exponent: int, bits: int) -> SmxMatrix:
    grid = (-(-shape[0] // 4), -(-shape[1] // 4))
    return SmxMatrix(
        np.full((4 * grid[0], 4 * grid[1]), mantissa, np.int32), np.full(grid, exponent, np.uint8), bits, shape
    )


@pytest.mark.parametrize(("a_bits", "b_bits"), PAIRS)
def test_the_longest_contraction_cannot_overflow(a_bits: int, b_bits: int) -> None:
    a_most, b_most = 2 ** (a_bits - 1) - 1, 2 ** (b_bits - 1) - 1
    for sign in (1, -1):
        a = full((4, MAX_CONTRACTION), sign * a_most, 254, a_bits)
        b = full((MAX_CONTRACTION, 4), b_most, 254, b_bits)
        got = accumulate(a, b)
        assert np.abs(got.mantissas).max() < 2 ** (ACCUMULATOR_BITS - 1)
        exact = sign * 4096 * Fraction(a_most * b_most, 2 ** (a_bits + b_bits - 4))
        value = Fraction(int(got.mantissas[0, 0]), 2**ACCUMULATOR_FRACTION_BITS)
        assert abs(value - exact) <= 1024 * Fraction(1, 2 ** (ACCUMULATOR_FRACTION_BITS + 1))
        assert got.quantize(16).has_nan


def test_nan_blocks_reach_their_row_and_column_only() -> None:
    a, b = np.ones((12, 8)), np.ones((8, 12))
    a[5, 6] = np.nan
    b[:4, 8:] = 0.0
    b[0, 11] = np.inf
    for product in (accumulate, gemm_reference.accumulate):
        got = product(quantize(a, 8), quantize(b, 8))
        assert got.nan.tolist() == [[False, False, True], [True, True, True], [False, False, True]]
        assert not got.mantissas[4:8].any() and not got.mantissas[:, 8:].any()
        assert (got.quantize(12).exponents == NAN_EXPONENT).tolist() == got.nan.tolist()


def test_nan_times_zero_block_is_nan() -> None:
    a = np.full((4, 4), np.nan)
    for product in (accumulate, gemm_reference.accumulate):
        assert product(quantize(a, 8), quantize(np.zeros((4, 4)), 8)).nan.all()
        assert product(quantize(np.zeros((4, 4)), 8), quantize(a, 8)).nan.all()


def test_zero_block_with_a_high_exponent_moves_nothing() -> None:
    a = SmxMatrix(np.zeros((4, 8), np.int32), np.array([[127, 250]], np.uint8), 8, (4, 8))
    mantissas = a.mantissas.copy()
    mantissas[:, :4] = 1
    a = SmxMatrix(mantissas, a.exponents.copy(), 8, (4, 8))
    b = quantize(np.ones((8, 4)), 8)
    for product in (accumulate, gemm_reference.accumulate):
        assert product(a, b).exponents.tolist() == [[254]]


def test_all_zero_result_is_the_zero_block() -> None:
    a = quantize(np.array([[1.0, 1.0]]), 8)
    b = quantize(np.array([[1.0], [-1.0]]), 8)
    result = gemm(a, b, 8)
    assert result.exponents.tolist() == [[0]] and not result.mantissas.any()


def test_transposed_product() -> None:
    rng = np.random.default_rng(3)
    a, b = operand(rng, (9, 30), 12, 10), operand(rng, (30, 5), 8, 10)
    assert gemm(b.T, a.T, 16).equals(gemm(a, b, 16).T)


def test_too_long_and_unfitting_shapes_are_user_errors() -> None:
    with pytest.raises(UserError, match=r"^contraction: 4097 elements .* at most 4096$"):
        accumulate(full((1, 4097), 1, 127, 8), full((4097, 1), 1, 127, 8))
    with pytest.raises(UserError, match=r"^inner sides: 4 and 5 differ"):
        accumulate(full((4, 4), 1, 127, 8), full((5, 4), 1, 127, 8))


def test_a_transposed_operand_changes_no_bit() -> None:
    rng = np.random.default_rng(70)
    a, b = quantize(rng.standard_normal((9, 21)), 12), quantize(rng.standard_normal((21, 6)), 8)
    turned = quantize(rng.standard_normal((9, 21)).T, 12).T
    copied = SmxMatrix(np.ascontiguousarray(turned.mantissas), turned.exponents.copy(), 12, turned.shape)
    assert not turned.mantissas.flags.c_contiguous
    assert accumulate(turned, b).equals(accumulate(copied, b))
    assert gemm(turned, b, 16).equals(gemm(copied, b, 16))
    assert accumulate(b.T, a.T).T.equals(accumulate(a, b))


@pytest.mark.parametrize(("a_bits", "b_bits"), PAIRS)
def test_every_orientation_and_word_equals_plain_numpy(a_bits: int, b_bits: int) -> None:
    """Tall, wide and few columns; exponents so far apart that products vanish, with rounding, and accumulators too."""
    for seed, (rows, inner, columns) in enumerate([(45, 20, 5), (5, 20, 45), (40, 17, 40), (3, 9, 2), (70, 66, 36)]):
        rng = np.random.default_rng([80, seed, a_bits, b_bits])
        spread = rng.integers(-40, 40, (inner, columns)) // int(rng.choice([1, 2, 40]))
        a = quantize(rng.choice([-1.0, 1.0], (rows, inner)) * rng.uniform(1.5, 2, (rows, inner)), a_bits)
        b = quantize(np.ldexp(rng.uniform(-2, 2, (inner, columns)), spread), b_bits)
        turned = quantize(a.dequantize().T, a_bits).T
        expected = gemm_reference.accumulate(a, b)
        assert accumulate(a, b).equals(expected) and accumulate(turned, b).equals(expected), (rows, inner, columns)
