"""Elementwise operations against exact fractions, quantized once."""

from collections.abc import Callable
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden import elementwise, elementwise_reference, tables
from golden.gemm import accumulate
from golden.quantize import quantize
from golden.smx import SmxMatrix
from pinta_hw.spec.formats import NAN_EXPONENT
from pinta_hw.spec.operations import OPERATIONS

EXACT: dict[str, tuple[int, Callable[..., SmxMatrix], Callable[..., Fraction]]] = {
    "multiply": (2, elementwise.multiply, lambda a, b: a * b),
    "add": (2, elementwise.add, lambda a, b: a + b),
    "multiply_add": (3, elementwise.multiply_add, lambda a, b, c: a * b + c),
    "dot2": (4, elementwise.dot2, lambda a, b, c, d: a * b + c * d),
}


def value(matrix: SmxMatrix, r: int, c: int) -> Fraction:
    exponent = int(matrix.exponents[r // 4, c // 4]) - 127 - (matrix.bits - 2)
    return int(matrix.mantissas[r, c]) * Fraction(2) ** exponent


def quantize_block(values: list[Fraction], bits: int) -> tuple[list[int], int]:
    largest = max(abs(v) for v in values)
    shared = -127
    if largest:
        estimate = largest.numerator.bit_length() - largest.denominator.bit_length()
        shared = max(-127, estimate if Fraction(2) ** estimate <= largest else estimate - 1)
    if shared > 127:
        return [0] * 16, NAN_EXPONENT
    limit = 2 ** (bits - 1) - 1
    unit = Fraction(2) ** (shared - (bits - 2))
    return [max(-limit, min(limit, round(v / unit))) for v in values], shared + 127


@st.composite
def block(draw: st.DrawFn) -> SmxMatrix:
    """A 4 x 4 block: often sparse, often of few significant bits, sometimes at the ends of the range."""
    bits = draw(st.sampled_from((4, 8, 12, 16, 16)))
    limit = 2 ** (bits - 1) - 1
    mantissa = st.one_of(st.integers(-limit, limit), st.integers(-1, 1), st.just(0), st.sampled_from((limit, -limit)))
    mantissas = draw(st.lists(mantissa, min_size=16, max_size=16))
    exponent = draw(st.one_of(st.integers(0, 254), st.integers(115, 140), st.integers(0, 3)))
    exponent = exponent if any(mantissas) else 0
    return SmxMatrix(np.array(mantissas, np.int32).reshape(4, 4), np.array([[exponent]], np.uint8), bits, (4, 4))


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_exact_operations(name: str, data: st.DataObject) -> None:
    count, operation, formula = EXACT[name]
    operands = [data.draw(block()) for _ in range(count)]
    bits = data.draw(st.sampled_from((4, 8, 12, 16)))
    got = operation(*operands, bits)
    exact = [formula(*(value(x, r, c) for x in operands)) for r, c in product(range(4), range(4))]
    assert (got.mantissas.ravel().tolist(), int(got.exponents[0, 0])) == quantize_block(exact, bits)


def test_sums_at_every_distance() -> None:
    """Ties that only a bit far below decides, and cancellation up to where it ends."""
    for distance, sign in product(range(0, 70), (1, -1)):
        big = np.zeros((4, 4), np.int32)
        big[0] = (16384, 8192 + 1, 3, 1)
        small = np.zeros((4, 4), np.int32)
        small[0] = (sign, sign, 32767 * sign, -16384)
        a = SmxMatrix(big, np.array([[200]], np.uint8), 16, (4, 4))
        b = SmxMatrix(small, np.array([[200 - distance]], np.uint8), 16, (4, 4))
        for bits in (4, 16):
            got = elementwise.add(a, b, bits)
            exact = [value(a, r, c) + value(b, r, c) for r, c in product(range(4), range(4))]
            assert (got.mantissas.ravel().tolist(), int(got.exponents[0, 0])) == quantize_block(exact, bits), distance


def test_doubling() -> None:
    rng = np.random.default_rng(1)
    a, b = quantize(rng.standard_normal((5, 9)), 16), quantize(rng.standard_normal((5, 9)), 16)
    once, twice = elementwise.multiply(a, b, 12), elementwise.multiply(a, b, 12, doubled=True)
    assert np.array_equal(2 * once.dequantize(), twice.dequantize())


def test_a_row_reaches_logical_rows_only() -> None:
    rng = np.random.default_rng(2)
    x, bias = quantize(rng.standard_normal((5, 9)), 16), quantize(8 * rng.standard_normal((1, 9)), 16)
    got = elementwise.add_row(x, bias, 16)
    assert not got.mantissas[5:].any() and not got.mantissas[:, 9:].any()
    repeated = quantize(np.repeat(bias.dequantize(), 5, axis=0), 16)
    assert got.equals(elementwise.add(x, repeated, 16))


def test_sum_products_is_a_contraction_of_lanes() -> None:
    """Each lane is what a contraction gives whose k-blocks hold that lane's two factors alone."""
    rng = np.random.default_rng(3)
    pairs = []
    for spread in (0, 3, -9, 12, -2):
        scale = 2.0**spread
        pairs.append(tuple(quantize(scale * rng.standard_normal((4, 4)), bits) for bits in (16, 12)))
    pairs.append((quantize(np.zeros((4, 4)), 16), quantize(np.full((4, 4), 1e30), 12)))
    got = elementwise.sum_parts(pairs, 16)
    lanes = np.zeros((4, 4))
    for r, c in product(range(4), range(4)):
        a = np.zeros((4, 4 * len(pairs)), np.int32)
        b = np.zeros((4 * len(pairs), 4), np.int32)
        for k, (x, y) in enumerate(pairs):
            a[r, 4 * k], b[4 * k, c] = x.mantissas[r, c], y.mantissas[r, c]
        a_exponents = np.array([[int(x.exponents[0, 0]) for x, _ in pairs]], np.uint8)
        b_exponents = np.array([[int(y.exponents[0, 0])] for _, y in pairs], np.uint8)
        lane = accumulate(
            SmxMatrix(a, a_exponents, 16, (4, 4 * len(pairs))), SmxMatrix(b, b_exponents, 12, (4 * len(pairs), 4))
        )
        lanes[r, c] = lane.to_float()[r, c]
    assert got.equals(quantize(lanes, 16))


@pytest.mark.parametrize("name", EXACT)
def test_nan_propagates(name: str) -> None:
    count, operation, _ = EXACT[name]
    good = quantize(np.ones((4, 8)), 16)
    bad_values = np.ones((4, 8))
    bad_values[2, 5] = np.nan
    for position in range(count):
        operands = [good] * count
        operands[position] = quantize(bad_values, 16)
        assert operation(*operands, 16).nan_blocks.tolist() == [[False, True]]
    assert elementwise.sum_parts([(good, good), (good, quantize(bad_values, 8))], 16).nan_blocks.tolist() == [
        [False, True]
    ]


def test_every_listed_operation_exists() -> None:
    for operation in OPERATIONS:
        assert hasattr(elementwise, operation.name) or (operation.name == "table" and hasattr(tables, "activate"))
    assert set(EXACT) <= {operation.name for operation in OPERATIONS if operation.exact}


def single(mantissas: list[int], exponent: int) -> SmxMatrix:
    block = np.zeros((4, 4), np.int32)
    block.ravel()[: len(mantissas)] = mantissas
    return SmxMatrix(block, np.array([[exponent]], np.uint8), 16, (4, 4))


def test_dot2_of_a_small_product_with_a_large_unit() -> None:
    """The term with the larger unit has one bit, the other thirty: the result's bits come from the latter."""
    lanes = list(product(range(4), range(4)))
    for distance, signs in product(range(70), ([1, -1, 1, 0], [-1, -1, -1, -1])):
        ones = single([abs(sign) for sign in signs], 127)
        c = single([32767 * signs[0], 32766 * signs[1], 32763 * signs[2], 32765 * signs[3]], 127 - distance // 2)
        d = single([32767, 32767, 32767, 32767], 127 - (distance + 1) // 2)
        got = elementwise.dot2(ones, ones, c, d, 16)
        exact = [value(ones, r, k) ** 2 + value(c, r, k) * value(d, r, k) for r, k in lanes]
        assert (got.mantissas.ravel().tolist(), int(got.exponents[0, 0])) == quantize_block(exact, 16), distance


def test_a_product_that_is_zero_everywhere_sets_no_unit() -> None:
    left, right, small = single([5, 0], 254), single([0, 5], 254), single([32767, 3], 60)
    assert elementwise.multiply_add(left, right, small, 16).equals(elementwise.multiply(small, single([1, 1], 141), 16))


def test_a_zero_block_with_a_high_exponent_moves_no_sum() -> None:
    a, zero = single([30000, 3], 100), single([0], 254)
    expected = elementwise.sum_parts([(a, a)], 16)
    assert elementwise.sum_parts([(a, a), (zero, zero)], 16).equals(expected)
    assert elementwise.sum_parts([(zero, zero), (a, a)], 16).equals(expected)


def random_matrix(rng: np.random.Generator, shape: tuple[int, int], bits: int) -> SmxMatrix:
    """Blocks of very different exponents, some of zeros, some NaN; transposed, so not contiguous."""
    blocks = [-(-side // 4) for side in shape[::-1]]
    spread = np.kron(rng.integers(-140, 60, blocks) // rng.choice([1, 20]), np.ones((4, 4)))
    values = np.ldexp(rng.standard_normal(spread.shape), spread.astype(int))
    values *= np.kron(rng.random(blocks) < 0.8, np.ones((4, 4)))
    values[np.kron(rng.random(blocks) < 0.05, np.ones((4, 4))) > 0] = np.nan
    return quantize(values[: shape[1], : shape[0]], bits).T


def test_the_kernels_equal_plain_numpy() -> None:
    for seed in range(60):
        rng = np.random.default_rng([50, seed])
        shape = tuple(int(side) for side in rng.integers(1, 40, 2))
        a, b, c, d = (random_matrix(rng, shape, int(rng.choice((4, 8, 12, 16)))) for _ in range(4))
        row = random_matrix(rng, (1, shape[1]), 16)
        bits = int(rng.choice((4, 8, 12, 16)))
        for name, operands in {
            "multiply": (a, b, bits, bool(rng.integers(2))),
            "add": (a, b, bits),
            "multiply_add": (a, b, c, bits),
            "dot2": (a, b, c, d, bits),
            "add_row": (a, row, bits),
            "sum_parts": ([(a, b), (c, d), (a, d), (b, c)], bits),
        }.items():
            got, expected = (getattr(module, name)(*operands) for module in (elementwise, elementwise_reference))
            assert got.equals(expected), (seed, name, shape, bits)
