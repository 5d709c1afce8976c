"""Matrix products of SMX matrices, bit by bit as pinta_hw/spec/accumulator.py states them."""

import numpy as np
import numpy.typing as npt
from numba import njit, prange

from pinta_hw.spec.accumulator import ACCUMULATOR_FRACTION_BITS, MAX_CONTRACTION
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.formats import BLOCK_SIDE, NAN_EXPONENT

from .accumulators import Accumulators
from .smx import SmxMatrix

_MAX_SHIFT = 62
"""A longer right shift of an int64 changes nothing any more: a product and half a unit stay below 2**62."""
_FEW_COLUMNS = 32
"""Shorter loops do not fill vector instructions."""
_TILE = 16
_NARROW_BITS = 28
"""Bits of both operands together up to which a product, aligned and rounded, stays inside 32 bits."""
_PARALLEL_MULTIPLICATIONS = 1 << 24
"""Smaller products take a few milliseconds: waiting for threads would cost more."""


def accumulate(a: SmxMatrix, b: SmxMatrix) -> Accumulators:
    """``A B``, unquantized.

    Parameters
    ----------
    a, b : SmxMatrix
        Shapes (M, K) and (K, N), each in any SMX width.

    Raises
    ------
    UserError
        If the inner sides differ or the contraction is longer than ``MAX_CONTRACTION``.
    """
    if a.shape[1] != b.shape[0]:
        raise UserError(
            f"inner sides: {a.shape[1]} and {b.shape[0]} differ; allowed: the columns of A are the rows of B"
        )
    if a.shape[1] > MAX_CONTRACTION:
        raise UserError(f"contraction: {a.shape[1]} elements are not possible; allowed: at most {MAX_CONTRACTION}")
    few = b.mantissas.shape[1] < min(_FEW_COLUMNS, a.mantissas.shape[0])
    # The transposed product has the same bits. It needs no copy of a transposed A, and its loops are longer.
    return _contracted(b.T, a.T).T if few or not a.mantissas.flags.c_contiguous else _contracted(a, b)


def gemm(a: SmxMatrix, b: SmxMatrix, bits: int) -> SmxMatrix:
    """``A B`` quantized once to SMX-``bits``; raises as `accumulate` does."""
    return accumulate(a, b).quantize(bits)


def _contracted(a: SmxMatrix, b: SmxMatrix) -> Accumulators:
    narrow = a.bits + b.bits <= _NARROW_BITS
    acc = np.zeros((a.mantissas.shape[0], b.mantissas.shape[1]), dtype=np.int32 if narrow else np.int64)
    exponents = np.zeros((a.exponents.shape[0], b.exponents.shape[1]), dtype=np.int64)
    nan = np.zeros(exponents.shape, dtype=np.bool_)
    multiplications = a.mantissas.shape[0] * a.mantissas.shape[1] * b.mantissas.shape[1]
    contract = _contract_parallel if multiplications >= _PARALLEL_MULTIPLICATIONS else _contract
    contract(
        _read_only(a.mantissas),
        _read_only(b.mantissas),
        _read_only(a.exponents),
        _read_only(b.exponents),
        ACCUMULATOR_FRACTION_BITS - a.format.fraction_bits - b.format.fraction_bits,
        acc,
        exponents,
        nan,
    )
    return Accumulators(acc.astype(np.int64, copy=False), exponents, nan, (a.shape[0], b.shape[1]))


def _read_only(array: npt.NDArray) -> npt.NDArray:
    """A contiguous read-only view or copy: one array type, so the kernel is compiled once."""
    if array.dtype == np.int32 and array.flags.f_contiguous and not array.flags.c_contiguous:
        contiguous = _transposed(_read_only(array.T))
    else:
        contiguous = np.ascontiguousarray(array).view()
    contiguous.flags.writeable = False
    return contiguous


@njit(cache=True)
def _transposed(array: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """A contiguous copy of the transpose, tile by tile: whole cache lines on both sides."""
    rows, columns = array.shape
    copy = np.empty((columns, rows), dtype=np.int32)
    for i in range(0, rows, _TILE):
        for j in range(0, columns, _TILE):
            for c in range(j, min(j + _TILE, columns)):
                for r in range(i, min(i + _TILE, rows)):
                    copy[c, r] = array[r, c]
    return copy


@njit(cache=True)
def _is_zero(mantissas: npt.NDArray[np.int32], row: int, column: int) -> bool:
    for r in range(BLOCK_SIDE * row, BLOCK_SIDE * (row + 1)):
        for c in range(BLOCK_SIDE * column, BLOCK_SIDE * (column + 1)):
            if mantissas[r, c] != 0:
                return False
    return True


@njit(cache=True)
def _zero_blocks(mantissas: npt.NDArray[np.int32], exponents: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    zero = np.empty(exponents.shape, dtype=np.bool_)
    for row in range(exponents.shape[0]):
        for column in range(exponents.shape[1]):
            zero[row, column] = _is_zero(mantissas, row, column)
    return zero


@njit(cache=True)
def _contract_row(
    i: int,
    a: npt.NDArray[np.int32],
    b: npt.NDArray[np.int32],
    a_exponents: npt.NDArray[np.uint8],
    b_exponents: npt.NDArray[np.uint8],
    b_zero: npt.NDArray[np.bool_],
    left: int,
    acc: npt.NDArray[np.signedinteger],
    exponents: npt.NDArray[np.int64],
    nan: npt.NDArray[np.bool_],
) -> None:
    """Fill block row ``i`` of ``acc``, ``exponents`` and ``nan``.

    ``left`` is the accumulator's fraction bits less the product's. Columns are the innermost loop, which
    becomes vector instructions: of 32 bits where ``acc`` has as many, which holds for operands of `_NARROW_BITS`.
    """
    inner, block_columns = b_exponents.shape
    columns = BLOCK_SIDE * block_columns
    up, down = max(left, 0), max(-left, 0)
    narrow = acc.itemsize == 4
    max_shift = 31 if narrow else _MAX_SHIFT
    # Of each column: the accumulator's shift, the product's, and half a unit after the latter.
    acc_shift = np.zeros(columns, dtype=acc.dtype)
    shift = np.zeros(columns, dtype=acc.dtype)
    half = np.zeros(columns, dtype=acc.dtype)
    for k in range(inner):
        a_exponent = np.int64(a_exponents[i, k])
        for j in range(block_columns):
            nan[i, j] |= a_exponent == NAN_EXPONENT or b_exponents[k, j] == NAN_EXPONENT
        if _is_zero(a, i, k):
            continue
        for j in range(block_columns):
            exponent = a_exponent + np.int64(b_exponents[k, j])
            old = exponents[i, j]
            # With a zero block the product is zero, whatever it is shifted by.
            new = old if b_zero[k, j] else max(old, exponent)
            right = min(down + max(new - exponent, 0), max_shift)
            for c in range(BLOCK_SIDE * j, BLOCK_SIDE * (j + 1)):
                acc_shift[c] = min(new - old, max_shift)
                shift[c] = right
                half[c] = (1 << right) >> 1
            exponents[i, j] = new
        b0, b1, b2, b3 = b[4 * k], b[4 * k + 1], b[4 * k + 2], b[4 * k + 3]
        for r in range(BLOCK_SIDE * i, BLOCK_SIDE * (i + 1)):
            a0, a1, a2, a3 = a[r, 4 * k : 4 * k + 4]
            row = acc[r]
            if narrow:
                for c in range(columns):
                    left_sum = np.int32(np.int32(a0 * b0[c]) + np.int32(a1 * b1[c]))
                    right_sum = np.int32(np.int32(a2 * b2[c]) + np.int32(a3 * b3[c]))
                    product = np.int32(np.int32(left_sum + right_sum) << (up & 31))
                    aligned = np.int32(np.int32(product + half[c]) >> (shift[c] & 31))
                    row[c] = np.int32(np.int32(row[c] >> (acc_shift[c] & 31)) + aligned)
            else:
                for c in range(columns):
                    product = (a0 * b0[c] + a1 * b1[c] + a2 * b2[c] + a3 * b3[c]) << up
                    row[c] = (row[c] >> acc_shift[c]) + ((product + half[c]) >> shift[c])
    for j in range(block_columns):
        if nan[i, j]:
            exponents[i, j] = 0
            acc[BLOCK_SIDE * i : BLOCK_SIDE * (i + 1), BLOCK_SIDE * j : BLOCK_SIDE * (j + 1)] = 0


@njit(cache=True)
def _contract(
    a: npt.NDArray[np.int32],
    b: npt.NDArray[np.int32],
    a_exponents: npt.NDArray[np.uint8],
    b_exponents: npt.NDArray[np.uint8],
    left: int,
    acc: npt.NDArray[np.signedinteger],
    exponents: npt.NDArray[np.int64],
    nan: npt.NDArray[np.bool_],
) -> None:
    b_zero = _zero_blocks(b, b_exponents)
    for i in range(a_exponents.shape[0]):
        _contract_row(i, a, b, a_exponents, b_exponents, b_zero, left, acc, exponents, nan)


@njit(cache=True, parallel=True)
def _contract_parallel(
    a: npt.NDArray[np.int32],
    b: npt.NDArray[np.int32],
    a_exponents: npt.NDArray[np.uint8],
    b_exponents: npt.NDArray[np.uint8],
    left: int,
    acc: npt.NDArray[np.signedinteger],
    exponents: npt.NDArray[np.int64],
    nan: npt.NDArray[np.bool_],
) -> None:
    b_zero = _zero_blocks(b, b_exponents)
    for i in prange(a_exponents.shape[0]):
        _contract_row(i, a, b, a_exponents, b_exponents, b_zero, left, acc, exponents, nan)
