"""The elementwise operations of pinta_hw/spec/operations.py in plain NumPy, one line for each of their rules.

`golden.elementwise` computes the same faster; the tests hold the two together.
"""

from collections.abc import Sequence

import numpy as np

from pinta_hw.spec.accumulator import ACCUMULATOR_FRACTION_BITS
from pinta_hw.spec.formats import BLOCK_SIDE

from .accumulators import Accumulators
from .quantize import block_max, quantize_integers
from .smx import SmxMatrix, expand, padded
from .terms import Term, quantize_sum

_MAX_SHIFT = 62


def multiply(a: SmxMatrix, b: SmxMatrix, bits: int, doubled: bool = False) -> SmxMatrix:
    """``a b``, or ``2 a b``."""
    term = Term.product(a, b)
    return quantize_integers(term.integers, term.units + doubled, term.nan, bits, a.shape)


def add(a: SmxMatrix, b: SmxMatrix, bits: int) -> SmxMatrix:
    """``a + b``."""
    assert a.shape == b.shape, (a.shape, b.shape)
    return quantize_sum(Term.of(a), Term.of(b), bits, a.shape)


def multiply_add(a: SmxMatrix, b: SmxMatrix, c: SmxMatrix, bits: int) -> SmxMatrix:
    """``a b + c``."""
    assert a.shape == c.shape, (a.shape, c.shape)
    return quantize_sum(Term.product(a, b), Term.of(c), bits, a.shape)


def dot2(a: SmxMatrix, b: SmxMatrix, c: SmxMatrix, d: SmxMatrix, bits: int) -> SmxMatrix:
    """``a b + c d``."""
    assert a.shape == c.shape, (a.shape, c.shape)
    return quantize_sum(Term.product(a, b), Term.product(c, d), bits, a.shape)


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
    current = np.zeros((acc.shape[0] // BLOCK_SIDE, acc.shape[1] // BLOCK_SIDE), dtype=np.int64)
    nan = np.zeros(current.shape, dtype=np.bool_)
    for a, b in pairs:
        term = Term.product(a, b)
        nan |= term.nan
        skip = (block_max(np.abs(a.mantissas)) == 0) | (block_max(np.abs(b.mantissas)) == 0)
        exponents = a.exponents.astype(np.int64) + b.exponents
        new = np.where(skip, current, np.maximum(current, exponents))
        acc >>= expand(np.minimum(new - current, _MAX_SHIFT))
        right = a.format.fraction_bits + b.format.fraction_bits - ACCUMULATOR_FRACTION_BITS + (new - exponents)
        left = np.where(skip, 0, np.maximum(-right, 0))
        right = np.where(skip, 0, np.clip(right, 0, _MAX_SHIFT))
        half = (np.int64(1) << right) >> 1
        acc += ((term.integers << expand(left)) + expand(half)) >> expand(right)
        current = new
    acc[expand(nan)] = 0
    current[nan] = 0
    return Accumulators(acc, current, nan, shape).quantize(bits)
