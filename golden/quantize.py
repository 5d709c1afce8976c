"""Quantization to SMX: from floating point and from exact block integers."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from pinta_hw.spec.formats import BLOCK_SIDE, EXPONENT_BIAS, MAX_EXPONENT, NAN_EXPONENT, SmxFormat, blocks

from .smx import SmxMatrix, padded
from .strips import SCRATCH_ROWS, quantize_strip

_MIN_SHARED_EXPONENT = -EXPONENT_BIAS
_MAX_SHARED_EXPONENT = MAX_EXPONENT - EXPONENT_BIAS
_MAGNITUDE, _FRACTION_BITS, _BIAS = (1 << 63) - 1, 52, 1023
"""Of float64: all bits but the sign, the fraction's, the exponent's bias."""


def block_max(magnitudes: npt.NDArray) -> npt.NDArray:
    """Maximum of each block: shape (4 I, 4 J) to (I, J). NaN wins."""
    rows, columns = magnitudes.shape
    strips = magnitudes.reshape(rows // BLOCK_SIDE, BLOCK_SIDE, columns).max(axis=1)
    left = np.maximum(strips[:, 0::BLOCK_SIDE], strips[:, 1::BLOCK_SIDE])
    return np.maximum(left, np.maximum(strips[:, 2::BLOCK_SIDE], strips[:, 3::BLOCK_SIDE]))


def quantize(values: npt.ArrayLike, bits: int) -> SmxMatrix:
    """Quantize a float matrix to SMX-``bits``.

    The shared exponent of a block is ``floor(log2(max |x|))``, read from the exponent field, clamped from
    below at -127; above 127, or with a NaN or an infinity inside, the block is NaN. Mantissas are
    rounded half to even and saturated to the symmetric range.

    Parameters
    ----------
    values : float32 or float64 array, shape (M, N)
        Padded with zeros to whole blocks.
    bits : int
        4, 8, 12 or 16.

    Raises
    ------
    UserError
        If ``bits`` is no SMX width.
    """
    form = SmxFormat(bits)
    given = np.asarray(values, dtype=np.float64)
    rows, columns = shape = (given.shape[0], given.shape[1])
    x = np.ascontiguousarray(given)
    if padded(shape) != shape:
        x = np.zeros(padded(shape))
        x[:rows, :columns] = given
    mantissas = np.empty(x.shape, dtype=np.int32)
    exponents = np.empty((blocks(rows), blocks(columns)), dtype=np.uint8)
    _quantize(x, x.view(np.int64), form.fraction_bits, mantissas, exponents)
    return SmxMatrix(mantissas, exponents, bits, shape)


def quantize_integers(
    integers: npt.NDArray[np.int64],
    units: npt.NDArray[np.int64],
    nan: npt.NDArray[np.bool_],
    bits: int,
    shape: tuple[int, int],
) -> SmxMatrix:
    """Quantize ``integers * 2**units`` to SMX-``bits`` in integer arithmetic: what the gateware does.

    Parameters
    ----------
    integers : int64 array, shape (4 I, 4 J)
        Magnitudes below 2**62; lanes outside ``shape`` must be zero.
    units : int64 array, shape (I, J)
        Exponent of a block's unit.
    nan : bool array, shape (I, J)
        Blocks that are NaN whatever their integers are.
    bits : int
        4, 8, 12 or 16.
    shape : (rows, columns)
        Logical shape of the result.
    """
    mantissas = np.empty(integers.shape, dtype=np.int32)
    exponents = np.empty(units.shape, dtype=np.uint8)
    lanes, per_block = np.ascontiguousarray(integers), np.ascontiguousarray(units)
    _quantize_blocks(lanes, per_block, np.ascontiguousarray(nan), SmxFormat(bits).fraction_bits, mantissas, exponents)
    return SmxMatrix(mantissas, exponents, bits, shape)


@njit(cache=True)
def _quantize_blocks(
    integers: npt.NDArray[np.int64],
    units: npt.NDArray[np.int64],
    nan: npt.NDArray[np.bool_],
    fraction_bits: int,
    mantissas: npt.NDArray[np.int32],
    exponents: npt.NDArray[np.uint8],
) -> None:
    scratch = np.empty((SCRATCH_ROWS, integers.shape[1]), dtype=np.int64)
    for i in range(units.shape[0]):
        strip = slice(BLOCK_SIDE * i, BLOCK_SIDE * (i + 1))
        quantize_strip(integers[strip], units[i], nan[i], fraction_bits, scratch, mantissas[strip], exponents[i])


@njit(cache=True)
def _quantize(
    x: npt.NDArray[np.float64],
    patterns: npt.NDArray[np.int64],
    fraction_bits: int,
    mantissas: npt.NDArray[np.int32],
    exponents: npt.NDArray[np.uint8],
) -> None:
    """``patterns`` are the bits of x; of two magnitudes the larger one has the larger bits, and NaN the largest."""
    limit = np.float64((1 << (fraction_bits + 1)) - 1)
    largest = np.empty(x.shape[1], dtype=np.int64)
    scale = np.empty(x.shape[1])
    nan = np.empty(x.shape[1], dtype=np.bool_)
    for i in range(exponents.shape[0]):
        first = BLOCK_SIDE * i
        for c in range(x.shape[1]):
            one = max(patterns[first, c] & _MAGNITUDE, patterns[first + 1, c] & _MAGNITUDE)
            other = max(patterns[first + 2, c] & _MAGNITUDE, patterns[first + 3, c] & _MAGNITUDE)
            largest[c] = max(one, other)
        for j in range(exponents.shape[1]):
            c = BLOCK_SIDE * j
            pattern = max(max(largest[c], largest[c + 1]), max(largest[c + 2], largest[c + 3]))
            # The exponent field is that of floor(log2); subnormal numbers lie below the lowest shared exponent.
            shared = max((pattern >> _FRACTION_BITS) - _BIAS, _MIN_SHARED_EXPONENT)
            lost = shared > _MAX_SHARED_EXPONENT
            exponents[i, j] = NAN_EXPONENT if lost else shared + EXPONENT_BIAS
            # Scaling by a power of two is exact, except for results below 2**-1022, which round to zero anyway.
            factor = 1.0 if lost else math.ldexp(1.0, fraction_bits - shared)
            for k in range(c, c + BLOCK_SIDE):
                scale[k] = factor
                nan[k] = lost
        for r in range(first, first + BLOCK_SIDE):
            for c in range(x.shape[1]):
                value = min(max(np.rint(x[r, c] * scale[c]), -limit), limit)
                mantissas[r, c] = 0 if nan[c] else np.int32(value)
