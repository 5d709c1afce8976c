"""Quantization to SMX: from floating point and from exact block integers."""

import numpy as np
import numpy.typing as npt
from numba import njit

from pinta_hw.spec.formats import BLOCK_SIDE, EXPONENT_BIAS, MAX_EXPONENT, NAN_EXPONENT, SmxFormat

from .smx import SmxMatrix, expand, padded
from .strips import SCRATCH_ROWS, quantize_strip

_MIN_SHARED_EXPONENT = -EXPONENT_BIAS
_MAX_SHARED_EXPONENT = MAX_EXPONENT - EXPONENT_BIAS


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
    x = given
    if padded(shape) != shape:
        x = np.zeros(padded(shape))
        x[:rows, :columns] = given
    largest = block_max(np.abs(x))
    finite = np.isfinite(largest)
    # frexp reads the exponent field: largest = fraction * 2**exponent with fraction in [0.5, 1).
    shared = np.where(largest > 0, np.frexp(np.where(finite, largest, 0.0))[1] - 1, _MIN_SHARED_EXPONENT)
    nan = ~finite | (shared > _MAX_SHARED_EXPONENT)
    shared = np.where(nan, 0, np.maximum(shared, _MIN_SHARED_EXPONENT))
    # Scaling by a power of two is exact, except for results below 2**-1022, which round to zero anyway.
    scale = np.ldexp(1.0, form.fraction_bits - shared)
    if nan.any():
        x = np.where(expand(nan), 0.0, x)
    strips = x.reshape(-1, BLOCK_SIDE, x.shape[1]) * np.repeat(scale, BLOCK_SIDE, axis=1)[:, None, :]
    np.rint(strips, out=strips)
    np.clip(strips, -form.max_mantissa, form.max_mantissa, out=strips)
    exponents = np.where(nan, NAN_EXPONENT, shared + EXPONENT_BIAS).astype(np.uint8)
    return SmxMatrix(strips.reshape(x.shape).astype(np.int32), exponents, bits, shape)


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
    _quantize_blocks(integers, units, nan, SmxFormat(bits).fraction_bits, mantissas, exponents)
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
