"""The tables: pinned entries, stated error bounds, symmetries, asymptotes, range reduction."""

import hashlib
import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from golden.smx import SmxMatrix
from golden.tables import activate, read
from pinta_hw.spec.formats import NAN_EXPONENT
from pinta_hw.spec.tables import MAX_ORDER, TABLE_FRACTION_BITS, _pi, table, turns

FUNCTIONS = ("tanh", "sin", "gelu")
CASES = [(function, order) for function in FUNCTIONS for order in range(MAX_ORDER + 1)]


def reference(function: str, order: int, y: np.ndarray) -> np.ndarray:
    """Float64, good to 2**-45 on the arguments used here."""
    if function == "tanh":
        t = np.tanh(y)
        u = 1 - t * t
        return (t, u, -2 * t * u, (6 * t * t - 2) * u, (16 * t - 24 * t**3) * u)[order]
    if function == "sin":
        return np.sin(y + order * np.pi / 2)
    density = np.exp(-y * y / 2) / np.sqrt(2 * np.pi)
    normal = np.vectorize(lambda v: 0.5 * math.erfc(-v / math.sqrt(2)))(y)
    return (
        y * normal,
        normal + y * density,
        (2 - y**2) * density,
        (y**3 - 4 * y) * density,
        (-(y**4) + 7 * y**2 - 4) * density,
    )[order]


def every_mantissa(exponent: int) -> SmxMatrix:
    mantissas = np.append(np.arange(-32767, 32768), 0).astype(np.int32).reshape(-1, 4)
    return SmxMatrix(mantissas, np.full((len(mantissas) // 4, 1), exponent, np.uint8), 16, mantissas.shape)


def test_entries_are_pinned() -> None:
    entries = [table(function, order) for function, order in CASES]
    text = repr([(t.segments, t.beyond, t.odd) for t in entries]) + repr(turns())
    # Changes only with the definition of the tables; every golden result changes with it.
    assert (
        hashlib.sha256(text.encode()).hexdigest() == "2e7597cb992a147de259fce61714e0f81b29e3612c57e3a1b021f2c49d6ebc0c"
    )


@pytest.mark.parametrize(("function", "order"), CASES)
def test_error_bounds(function: str, order: int) -> None:
    bound = table(function, order).error_bound
    assert bound <= 2**-13
    worst = 0.0
    for exponent in (80, 110, 118, 122, 125, 127, 128, 129, 130, 133):
        y = every_mantissa(exponent)
        expected = reference(function, order, y.dequantize())
        if function == "gelu" and order == 0:
            expected -= np.maximum(y.dequantize(), 0)
        error = np.abs(read(function, order, y) * 2.0**-TABLE_FRACTION_BITS - expected)
        worst = max(worst, float(error.max()))
    print(f"2**{math.log2(worst):.2f}")
    assert bound / 2 < worst <= bound


@pytest.mark.parametrize(("function", "order"), CASES)
def test_result_is_the_table_rounded_once(function: str, order: int) -> None:
    y = every_mantissa(129)
    got = activate(function, order, y, 16).dequantize()
    expected = reference(function, order, y.dequantize())
    scale = np.abs(expected).max()
    assert np.abs(got - expected).max() <= table(function, order).error_bound + scale * 2.0**-15


def test_asymptotes() -> None:
    y = every_mantissa(254)
    sign = np.sign(y.dequantize())
    y_large = np.abs(y.dequantize()) >= 8
    assert np.array_equal(activate("tanh", 0, y, 16).dequantize()[y_large], sign[y_large])
    assert not activate("tanh", 1, y, 16).dequantize()[y_large].any()
    positive = np.maximum(y.dequantize(), 0)
    assert np.array_equal(activate("gelu", 0, y, 16).dequantize(), positive)


def test_sin_of_large_arguments() -> None:
    with localcontext() as context:
        context.prec = 70
        for exponent in (140, 180, 254):
            y = every_mantissa(exponent)
            got = read("sin", 0, y) * 2.0**-TABLE_FRACTION_BITS
            for row, column in ((0, 0), (3, 1), (9000, 2), (16000, 3)):
                m = int(y.mantissas[row, column])
                exact = Decimal(m) * Decimal(2) ** (exponent - 141) / (2 * _pi()) % 1
                assert abs(got[row, column] - math.sin(2 * math.pi * float(exact))) <= 2**-20


@pytest.mark.parametrize("bits", [4, 8, 12])
def test_narrow_arguments_read_like_wide_ones(bits: int) -> None:
    limit = 2 ** (bits - 1) - 1
    narrow = np.zeros((4, 4), np.int32)
    narrow.ravel()[:] = np.linspace(-limit, limit, 16).astype(np.int32)
    exponents = np.array([[128]], np.uint8)
    for function, order in CASES:
        wide = SmxMatrix(narrow << (16 - bits), exponents.copy(), 16, (4, 4))
        assert np.array_equal(
            read(function, order, SmxMatrix(narrow.copy(), exponents.copy(), bits, (4, 4))), read(function, order, wide)
        )


def test_padding_stays_zero_and_nan_stays_nan() -> None:
    y = SmxMatrix(np.zeros((12, 4), np.int32), np.array([[0], [NAN_EXPONENT], [0]], np.uint8), 16, (10, 3))
    slope = activate("tanh", 1, y, 16)
    assert slope.exponents.tolist() == [[127], [NAN_EXPONENT], [127]]
    expected = np.zeros((12, 4))
    expected[[0, 1, 2, 3, 8, 9], :3] = 1 << 14
    assert np.array_equal(slope.mantissas, expected)


def test_readings_are_pinned() -> None:
    """Every rounding of address and interpolation, which the error bounds alone would not see."""
    digest = hashlib.sha256()
    for function, order in CASES:
        for exponent in (118, 126, 127, 129, 131):
            digest.update(read(function, order, every_mantissa(exponent)).astype("<i8").tobytes())
    assert digest.hexdigest() == "6543c136074465cabd3f581f1ff26c859565f096d5d1f6d26e7a59b8f2f9cf61"
