"""The elementwise operations of pinta_hw/spec/operations.py on SMX matrices.

Compiled: a strip of blocks is computed and quantized while it is in the cache. `golden.elementwise_reference`
states the same in plain NumPy.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numba import njit

from pinta_hw.spec.accumulator import ACCUMULATOR_FRACTION_BITS
from pinta_hw.spec.formats import BLOCK_SIDE, EXPONENT_BIAS, NAN_EXPONENT, SmxFormat
from pinta_hw.spec.operations import SUM_GUARD_BITS

from .accumulators import Accumulators
from .smx import Exponents, Mantissas, SmxMatrix, padded
from .strips import MAX_SHIFT, SCRATCH_ROWS, or_of_magnitudes, quantize_strip

_Integers = npt.NDArray[np.int64]
_LOWEST = np.int64(np.iinfo(np.int64).min)


def multiply(a: SmxMatrix, b: SmxMatrix, bits: int, doubled: bool = False) -> SmxMatrix:
    """``a b``, or ``2 a b``."""
    assert a.shape == b.shape, (a.shape, b.shape)
    mantissas, exponents = _empty(a)
    unit = int(doubled) - _offset(a) - _offset(b)
    _multiply(*_lanes(a), *_lanes(b), unit, SmxFormat(bits).fraction_bits, mantissas, exponents)
    return SmxMatrix(mantissas, exponents, bits, a.shape)


def add(a: SmxMatrix, b: SmxMatrix, bits: int) -> SmxMatrix:
    """``a + b``."""
    return _sum((a, None), (b, None), bits)


def multiply_add(a: SmxMatrix, b: SmxMatrix, c: SmxMatrix, bits: int) -> SmxMatrix:
    """``a b + c``."""
    return _sum((a, b), (c, None), bits)


def dot2(a: SmxMatrix, b: SmxMatrix, c: SmxMatrix, d: SmxMatrix, bits: int) -> SmxMatrix:
    """``a b + c d``."""
    return _sum((a, b), (c, d), bits)


def add_row(a: SmxMatrix, row: SmxMatrix, bits: int) -> SmxMatrix:
    """``a + row`` for a row of shape (1, N), added to the logical rows of ``a``."""
    assert row.shape == (1, a.shape[1]), (row.shape, a.shape)
    mantissas = np.zeros(padded(a.shape), dtype=np.int32)
    mantissas[: a.shape[0]] = row.mantissas[0]
    exponents = np.repeat(row.exponents, a.exponents.shape[0], axis=0)
    return add(a, SmxMatrix(mantissas, exponents, row.bits, a.shape), bits)


def sum_parts(pairs: Sequence[tuple[SmxMatrix, SmxMatrix]], bits: int) -> SmxMatrix:
    """The sum of ``a b`` over the pairs, in order, in block-floating accumulators."""
    shape = pairs[0][0].shape
    acc = np.zeros(padded(shape), dtype=np.int64)
    exponents = np.zeros(pairs[0][0].exponents.shape, dtype=np.int64)
    nan = np.zeros(exponents.shape, dtype=np.bool_)
    for a, b in pairs:
        assert a.shape == b.shape == shape, (a.shape, b.shape, shape)
        left = ACCUMULATOR_FRACTION_BITS - a.format.fraction_bits - b.format.fraction_bits
        _accumulate(*_lanes(a), *_lanes(b), left, acc, exponents, nan)
    _clear(acc, exponents, nan)
    return Accumulators(acc, exponents, nan, shape).quantize(bits)


def _sum(first: tuple[SmxMatrix, SmxMatrix | None], second: tuple[SmxMatrix, SmxMatrix | None], bits: int) -> SmxMatrix:
    """The exact sum of two terms, each a matrix or a product of two, quantized once."""
    (a, b), (c, d) = first, second
    assert len({matrix.shape for matrix in (a, b, c, d) if matrix is not None}) == 1
    mantissas, exponents = _empty(a)
    _add(
        *_lanes(a),
        *_lanes(a if b is None else b),
        *_lanes(c),
        *_lanes(c if d is None else d),
        b is not None,
        d is not None,
        -_offset(a) - (0 if b is None else _offset(b)),
        -_offset(c) - (0 if d is None else _offset(d)),
        SmxFormat(bits).fraction_bits,
        mantissas,
        exponents,
    )
    return SmxMatrix(mantissas, exponents, bits, a.shape)


def _offset(matrix: SmxMatrix) -> int:
    """What a stored exponent exceeds the exponent of the mantissas' unit by."""
    return EXPONENT_BIAS + matrix.format.fraction_bits


def _lanes(matrix: SmxMatrix) -> tuple[Mantissas, Exponents]:
    """Contiguous and read-only: one array type, so a kernel is compiled once."""
    return _read_only(matrix.mantissas), _read_only(matrix.exponents)


def _read_only(array: npt.NDArray) -> npt.NDArray:
    if array.flags.c_contiguous and not array.flags.writeable:
        return array
    contiguous = np.ascontiguousarray(array).view()
    contiguous.flags.writeable = False
    return contiguous


def _empty(like: SmxMatrix) -> tuple[Mantissas, Exponents]:
    return np.empty(like.mantissas.shape, dtype=np.int32), np.empty(like.exponents.shape, dtype=np.uint8)


@njit(cache=True)
def _multiply(
    a: Mantissas,
    a_exponents: Exponents,
    b: Mantissas,
    b_exponents: Exponents,
    unit: int,
    fraction_bits: int,
    mantissas: Mantissas,
    exponents: Exponents,
) -> None:
    block_rows, block_columns = a_exponents.shape
    values = np.empty((BLOCK_SIDE, a.shape[1]), dtype=np.int64)
    scratch = np.empty((SCRATCH_ROWS, a.shape[1]), dtype=np.int64)
    units = np.empty(block_columns, dtype=np.int64)
    nan = np.empty(block_columns, dtype=np.bool_)
    for i in range(block_rows):
        for j in range(block_columns):
            units[j] = np.int64(a_exponents[i, j]) + np.int64(b_exponents[i, j]) + unit
            nan[j] = a_exponents[i, j] == NAN_EXPONENT or b_exponents[i, j] == NAN_EXPONENT
        _fill(values, a, b, True, i)
        strip = slice(BLOCK_SIDE * i, BLOCK_SIDE * (i + 1))
        quantize_strip(values, units, nan, fraction_bits, scratch, mantissas[strip], exponents[i])


@njit(cache=True)
def _add(
    a: Mantissas,
    a_exponents: Exponents,
    b: Mantissas,
    b_exponents: Exponents,
    c: Mantissas,
    c_exponents: Exponents,
    d: Mantissas,
    d_exponents: Exponents,
    first_is_product: bool,
    second_is_product: bool,
    first_unit: int,
    second_unit: int,
    fraction_bits: int,
    mantissas: Mantissas,
    exponents: Exponents,
) -> None:
    """The sum of ``a b`` (or a) and ``c d`` (or c), as `golden.terms.quantize_sum` states it."""
    block_rows, block_columns = a_exponents.shape
    columns = a.shape[1]
    first = np.empty((BLOCK_SIDE, columns), dtype=np.int64)
    second = np.empty((BLOCK_SIDE, columns), dtype=np.int64)
    scratch = np.empty((SCRATCH_ROWS, columns), dtype=np.int64)
    first_distance = np.empty(columns, dtype=np.int64)
    second_distance = np.empty(columns, dtype=np.int64)
    units = np.empty(block_columns, dtype=np.int64)
    nan = np.empty(block_columns, dtype=np.bool_)
    for i in range(block_rows):
        _fill(first, a, b, first_is_product, i)
        _fill(second, c, d, second_is_product, i)
        or_of_magnitudes(first, scratch[0])
        or_of_magnitudes(second, scratch[1])
        for j in range(block_columns):
            one = np.int64(a_exponents[i, j]) + first_unit
            other = np.int64(c_exponents[i, j]) + second_unit
            if first_is_product:
                one += np.int64(b_exponents[i, j])
            if second_is_product:
                other += np.int64(d_exponents[i, j])
            # NaN blocks enter a product's other factor twice where there is none; that changes nothing.
            nan[j] = (
                a_exponents[i, j] == NAN_EXPONENT
                or b_exponents[i, j] == NAN_EXPONENT
                or c_exponents[i, j] == NAN_EXPONENT
                or d_exponents[i, j] == NAN_EXPONENT
            )
            block = slice(BLOCK_SIDE * j, BLOCK_SIDE * (j + 1))
            # A zero block must not set the unit: the other term would lose its bits.
            used = scratch[0, block].any(), scratch[1, block].any()
            unit = max(one if used[0] else _LOWEST, other if used[1] else _LOWEST)
            # Where a term is zero, its distance makes no difference.
            for k in range(BLOCK_SIDE * j, BLOCK_SIDE * (j + 1)):
                first_distance[k] = _distance(unit, one) if used[0] else 0
                second_distance[k] = _distance(unit, other) if used[1] else 0
            units[j] = (unit if unit != _LOWEST else 0) - SUM_GUARD_BITS
        for r in range(BLOCK_SIDE):
            for k in range(columns):
                one = first[r, k] << SUM_GUARD_BITS
                other = second[r, k] << SUM_GUARD_BITS
                one_kept = one >> first_distance[k]
                other_kept = other >> second_distance[k]
                one_kept |= np.int64((one_kept << first_distance[k]) != one)
                other_kept |= np.int64((other_kept << second_distance[k]) != other)
                first[r, k] = one_kept + other_kept
        strip = slice(BLOCK_SIDE * i, BLOCK_SIDE * (i + 1))
        quantize_strip(first, units, nan, fraction_bits, scratch, mantissas[strip], exponents[i])


@njit(cache=True)
def _distance(unit: np.int64, own: np.int64) -> np.int64:
    """By how many bits a term moves right."""
    return min(unit - own, np.int64(MAX_SHIFT))


@njit(cache=True)
def _accumulate(
    a: Mantissas,
    a_exponents: Exponents,
    b: Mantissas,
    b_exponents: Exponents,
    left: int,
    acc: _Integers,
    exponents: _Integers,
    nan: npt.NDArray[np.bool_],
) -> None:
    """Add the product of two lanes to each accumulator; ``left`` is its fraction bits less the product's."""
    up, down = max(left, 0), max(-left, 0)
    block_rows, block_columns = a_exponents.shape
    columns = a.shape[1]
    acc_shift = np.empty(columns, dtype=np.int64)
    shift = np.empty(columns, dtype=np.int64)
    half = np.empty(columns, dtype=np.int64)
    for i in range(block_rows):
        row = BLOCK_SIDE * i
        for j in range(block_columns):
            nan[i, j] |= a_exponents[i, j] == NAN_EXPONENT or b_exponents[i, j] == NAN_EXPONENT
            a_any = b_any = np.int32(0)
            for r in range(row, row + BLOCK_SIDE):
                for c in range(BLOCK_SIDE * j, BLOCK_SIDE * (j + 1)):
                    a_any |= a[r, c]
                    b_any |= b[r, c]
            old = exponents[i, j]
            exponent = np.int64(a_exponents[i, j]) + np.int64(b_exponents[i, j])
            new = max(old, exponent) if a_any != 0 and b_any != 0 else old
            # With a zero block the product is zero, whatever it is shifted by.
            right = min(down + max(new - exponent, 0), MAX_SHIFT)
            for c in range(BLOCK_SIDE * j, BLOCK_SIDE * (j + 1)):
                acc_shift[c] = min(new - old, MAX_SHIFT)
                shift[c] = right
                half[c] = (np.int64(1) << right) >> 1
            exponents[i, j] = new
        for r in range(row, row + BLOCK_SIDE):
            for c in range(columns):
                product = (np.int64(a[r, c]) * np.int64(b[r, c])) << up
                acc[r, c] = (acc[r, c] >> acc_shift[c]) + ((product + half[c]) >> shift[c])


@njit(cache=True)
def _clear(acc: _Integers, exponents: _Integers, nan: npt.NDArray[np.bool_]) -> None:
    """Zeros where a block is NaN."""
    for i in range(nan.shape[0]):
        for j in range(nan.shape[1]):
            if nan[i, j]:
                exponents[i, j] = 0
                acc[BLOCK_SIDE * i : BLOCK_SIDE * (i + 1), BLOCK_SIDE * j : BLOCK_SIDE * (j + 1)] = 0


@njit(cache=True)
def _fill(values: _Integers, a: Mantissas, b: Mantissas, product: bool, i: int) -> None:
    """Strip ``i`` of ``a b``, or of a."""
    for r in range(BLOCK_SIDE):
        row = BLOCK_SIDE * i + r
        if product:
            for c in range(values.shape[1]):
                values[r, c] = np.int64(a[row, c]) * np.int64(b[row, c])
        else:
            for c in range(values.shape[1]):
                values[r, c] = a[row, c]
