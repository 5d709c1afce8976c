"""The contraction of pinta_hw/spec/accumulator.py in plain NumPy, one line for each of its rules.

`golden.gemm` computes the same faster; the tests hold the two together.
"""

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.accumulator import ACCUMULATOR_FRACTION_BITS
from pinta_hw.spec.formats import BLOCK_SIDE

from .accumulators import Accumulators
from .smx import SmxMatrix, expand

_MAX_SHIFT = 62
"""A longer right shift of an int64 changes nothing any more: a product and half a unit stay below 2**62."""


def _zero_blocks(matrix: SmxMatrix) -> npt.NDArray[np.bool_]:
    rows, columns = matrix.exponents.shape
    tiles = matrix.mantissas.reshape(rows, BLOCK_SIDE, columns, BLOCK_SIDE)
    return np.logical_not(tiles.any(axis=(1, 3)))


def accumulate(a: SmxMatrix, b: SmxMatrix) -> Accumulators:
    """``A B`` for matrices whose shapes fit; see `golden.gemm.accumulate`."""
    rows, inner, columns = a.exponents.shape[0], a.exponents.shape[1], b.exponents.shape[1]
    a_zero, b_zero = _zero_blocks(a), _zero_blocks(b)
    acc = np.zeros((BLOCK_SIDE * rows, BLOCK_SIDE * columns), dtype=np.int64)
    acc_exponents = np.zeros((rows, columns), dtype=np.int64)
    nan = np.zeros((rows, columns), dtype=np.bool_)
    fraction_bits = a.format.fraction_bits + b.format.fraction_bits
    for k in range(inner):
        lanes = slice(BLOCK_SIDE * k, BLOCK_SIDE * (k + 1))
        nan |= a.nan_blocks[:, k, None] | b.nan_blocks[None, k, :]
        skip = a_zero[:, k, None] | b_zero[None, k, :]
        exponents = a.exponents[:, k, None].astype(np.int64) + b.exponents[None, k, :]
        new = np.where(skip, acc_exponents, np.maximum(acc_exponents, exponents))
        acc >>= expand(np.minimum(new - acc_exponents, _MAX_SHIFT))
        products = a.mantissas[:, lanes].astype(np.int64) @ b.mantissas[lanes].astype(np.int64)
        right = fraction_bits - ACCUMULATOR_FRACTION_BITS + (new - exponents)
        left = np.where(skip, 0, np.maximum(-right, 0))
        right = np.where(skip, 0, np.clip(right, 0, _MAX_SHIFT))
        half = (np.int64(1) << right) >> 1
        acc += ((products << expand(left)) + expand(half)) >> expand(right)
        acc_exponents = new
    acc[expand(nan)] = 0
    acc_exponents[nan] = 0
    return Accumulators(acc, acc_exponents, nan, (a.shape[0], b.shape[1]))
