"""SMX quantization against a scalar model in exact fractions; planes; the transpose."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden import quantize_reference
from golden.planes import digit_planes, from_digit_planes
from golden.quantize import quantize, quantize_integers
from golden.smx import SmxMatrix, padded
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.formats import NAN_EXPONENT, SMX_BITS

SIDES = (1, 3, 4, 5, 9)


def quantize_block(values: list[Fraction], bits: int) -> tuple[list[int], int]:
    """One block by the definition: mantissas and the stored exponent."""
    largest = max(abs(v) for v in values)
    shared = -127
    if largest:
        while Fraction(2) ** (shared + 1) <= largest:
            shared += 1
    if shared > 127:
        return [0] * len(values), NAN_EXPONENT
    limit = 2 ** (bits - 1) - 1
    unit = Fraction(2) ** (shared - (bits - 2))
    # round() of a Fraction rounds half to even.
    return [max(-limit, min(limit, round(v / unit))) for v in values], shared + 127


def check_against_definition(matrix: SmxMatrix, exact: list[list[Fraction | None]]) -> None:
    """Compare every block; None stands for a NaN or an infinity."""
    for i in range(matrix.exponents.shape[0]):
        for j in range(matrix.exponents.shape[1]):
            block = [
                exact[r][c] if r < matrix.shape[0] and c < matrix.shape[1] else Fraction(0)
                for r in range(4 * i, 4 * i + 4)
                for c in range(4 * j, 4 * j + 4)
            ]
            numbers = [v for v in block if v is not None]
            expected = quantize_block(numbers, matrix.bits) if len(numbers) == 16 else ([0] * 16, NAN_EXPONENT)
            got = matrix.mantissas[4 * i : 4 * i + 4, 4 * j : 4 * j + 4].ravel().tolist()
            assert (got, int(matrix.exponents[i, j])) == expected, f"block ({i}, {j})"


def exactly(values: np.ndarray) -> list[list[Fraction | None]]:
    return [[Fraction(float(v)) if math.isfinite(v) else None for v in row] for row in values]


@pytest.mark.parametrize("bits", SMX_BITS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_quantize_follows_the_definition(bits: int, dtype: type) -> None:
    seed = 20 + bits
    print("seed", seed)
    rng = np.random.default_rng(seed)
    for rows in SIDES:
        for columns in SIDES:
            spread = rng.integers(-60, 60, (rows, columns)) if columns % 2 else rng.integers(-3, 3, (rows, columns))
            x = np.ldexp(rng.standard_normal((rows, columns)), spread).astype(dtype)
            check_against_definition(quantize(x, bits), exactly(x))


@pytest.mark.parametrize("bits", SMX_BITS)
@pytest.mark.parametrize(
    "value",
    [
        0.0,
        -0.0,
        1.0,
        -1.0,
        np.nextafter(2.0, 0.0),
        np.nextafter(-1.0, 0.0),
        1.5,
        2.0**-127,
        2.0**-128,
        2.0**-141,
        2.0**-142,
        1.5 * 2.0**-142,
        5e-324,
        2.0**127,
        np.nextafter(2.0**128, 0.0),
        2.0**128,
        1e300,
        np.inf,
        -np.inf,
        np.nan,
    ],
)
def test_quantize_extremes(bits: int, value: float) -> None:
    x = np.array([[value, 0.0, 0.3 * value if math.isfinite(value) else 1.0]])
    check_against_definition(quantize(x, bits), exactly(x))


@settings(max_examples=200, deadline=None)
@given(
    integers=st.lists(st.integers(-(2**62) + 1, 2**62 - 1), min_size=16, max_size=16),
    small=st.booleans(),
    unit=st.integers(-420, 260),
    bits=st.sampled_from(SMX_BITS),
)
def test_quantize_integers_follows_the_definition(integers: list[int], small: bool, unit: int, bits: int) -> None:
    if small:
        integers = [v >> 45 for v in integers]
    block = np.array(integers, dtype=np.int64).reshape(4, 4)
    got = quantize_integers(block, np.array([[unit]]), np.array([[False]]), bits, (4, 4))
    check_against_definition(got, [[Fraction(int(v)) * Fraction(2) ** unit for v in row] for row in block])


@pytest.mark.parametrize("bits", SMX_BITS)
def test_quantize_integers_rounds_half_to_even(bits: int) -> None:
    top = 1 << (bits - 2 + 4)
    ties = np.array([[top, 8, 24, 40], [-8, -24, -40, 7], [9, 23, 25, 39], [41, -7, -9, 0]], dtype=np.int64)
    got = quantize_integers(ties, np.array([[0]]), np.array([[False]]), bits, (4, 4))
    assert got.mantissas[0, 1:].tolist() == [0, 2, 2]
    assert got.mantissas[1].tolist() == [0, -2, -2, 0]
    check_against_definition(got, [[Fraction(int(v)) for v in row] for row in ties])


@pytest.mark.parametrize("bits", SMX_BITS)
def test_every_mantissa_survives_requantization(bits: int) -> None:
    limit = 2 ** (bits - 1) - 1
    every = np.arange(-limit, limit + 1)
    rows = np.zeros((4 * len(every), 4), dtype=np.int32)
    rows[::4, 0] = every
    rows[1::4, 1] = limit
    matrix = SmxMatrix(rows, np.full((len(every), 1), 130, np.uint8), bits, (4 * len(every), 4))
    assert quantize(matrix.dequantize(), bits).equals(matrix)


@pytest.mark.parametrize("bits", SMX_BITS)
def test_digit_planes_round_trip(bits: int) -> None:
    seed = 30 + bits
    print("seed", seed)
    rng = np.random.default_rng(seed)
    for shape in ((1, 1), (5, 9), (12, 8)):
        matrix = quantize(rng.standard_normal(shape), bits)
        planes = digit_planes(matrix)
        assert planes.shape == (bits // 4, *matrix.exponents.shape)
        assert from_digit_planes(planes, matrix.exponents, shape).equals(matrix)


def test_digit_plane_layout() -> None:
    mantissas = np.zeros((4, 4), dtype=np.int32)
    mantissas[1, 2] = -2  # 0xFE
    mantissas[3, 3] = 0x5A
    matrix = SmxMatrix(mantissas, np.array([[127]], np.uint8), 8, (4, 4))
    low, high = (int(p[0, 0]) for p in digit_planes(matrix))
    assert low == (0xE << 4 * 6) | (0xA << 4 * 15)
    assert high == (0xF << 4 * 6) | (0x5 << 4 * 15)


@pytest.mark.parametrize("bits", SMX_BITS)
def test_transpose_commutes_with_quantization(bits: int) -> None:
    x = np.random.default_rng(40).standard_normal((9, 5))
    x[7, 1] = np.nan
    assert quantize(x, bits).T.equals(quantize(x.T, bits))


def test_nan_marks_one_block_and_reads_back_as_nan() -> None:
    x = np.ones((8, 8))
    x[5, 2] = np.inf
    matrix = quantize(x, 8)
    assert matrix.nan_blocks.tolist() == [[False, False], [True, False]]
    back = matrix.dequantize()
    assert np.isnan(back[4:, :4]).all() and np.isfinite(back[:4]).all() and np.isfinite(back[:, 4:]).all()


def test_unknown_width_is_a_user_error() -> None:
    with pytest.raises(UserError, match="SMX width 6"):
        quantize(np.ones((4, 4)), 6)


def test_padded() -> None:
    assert padded((1, 5)) == (4, 8)


def test_the_kernel_equals_plain_numpy() -> None:
    for seed in range(60):
        rng = np.random.default_rng([60, seed])
        shape = tuple(int(side) for side in rng.integers(1, 40, 2))
        values = np.ldexp(rng.uniform(-1, 1, shape), rng.integers(-140, 128, shape) // int(rng.choice([1, 40])))
        values[rng.random(shape) < 0.2] = 0.0
        values[rng.random(shape) < 0.02] = rng.choice([np.nan, np.inf, -np.inf, 5e-324])
        bits = int(rng.choice(SMX_BITS))
        for given_values in (values, values.T, np.float32(values)):
            assert quantize(given_values, bits).equals(quantize_reference.quantize(given_values, bits)), (seed, bits)
