"""Quantization of floating point in plain NumPy.

`golden.quantize.quantize` computes the same faster; the tests hold the two together.
"""

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.formats import BLOCK_SIDE, EXPONENT_BIAS, MAX_EXPONENT, NAN_EXPONENT, SmxFormat

from .quantize import block_max
from .smx import SmxMatrix, expand, padded

_MIN_SHARED_EXPONENT = -EXPONENT_BIAS
_MAX_SHARED_EXPONENT = MAX_EXPONENT - EXPONENT_BIAS


def quantize(values: npt.ArrayLike, bits: int) -> SmxMatrix:
    """Quantize a float matrix; see `golden.quantize.quantize`."""
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
