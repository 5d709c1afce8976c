"""Kernels on a strip, four rows of blocks' lanes: rounding to SMX with one exponent for each block.

Loops run over all columns of a strip, with each block's shift repeated for its columns: they become vector
instructions.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from pinta_hw.spec.formats import BLOCK_SIDE, EXPONENT_BIAS, MAX_EXPONENT, NAN_EXPONENT

MAX_SHIFT = 62
"""A longer right shift of an int64 of less than 2**62 changes nothing any more, but for the rounding of ties."""
SCRATCH_ROWS = 5
"""Rows of int64, as long as a strip, that `quantize_strip` works in."""

_MIN_SHARED_EXPONENT = -EXPONENT_BIAS
_MAX_SHARED_EXPONENT = MAX_EXPONENT - EXPONENT_BIAS


@njit(cache=True)
def bit_length(value: int) -> int:
    """Bits of a magnitude below 2**63."""
    length = 0
    for step in (32, 16, 8, 4, 2, 1):
        if value >> step:
            value >>= step
            length += step
    return length + value


@njit(cache=True)
def or_of_magnitudes(values: npt.NDArray[np.int64], ored: npt.NDArray[np.int64]) -> None:
    """For each column of a strip, an integer as long as its largest magnitude."""
    for c in range(values.shape[1]):
        ored[c] = abs(values[0, c]) | abs(values[1, c]) | abs(values[2, c]) | abs(values[3, c])


@njit(cache=True)
def quantize_strip(
    values: npt.NDArray[np.int64],
    units: npt.NDArray[np.int64],
    nan: npt.NDArray[np.bool_],
    fraction_bits: int,
    scratch: npt.NDArray[np.int64],
    mantissas: npt.NDArray[np.int32],
    exponents: npt.NDArray[np.uint8],
) -> None:
    """Quantize ``values * 2**units``, as `golden.quantize.quantize_integers` states it.

    Parameters
    ----------
    values : shape (4, 4 J)
    units, nan : shape (J,)
    scratch : shape (SCRATCH_ROWS, 4 J)
    mantissas, exponents : shapes (4, 4 J) and (J,)
        The result.
    """
    limit = np.int64((1 << (fraction_bits + 1)) - 1)
    ored, left, right, carry, odd = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    or_of_magnitudes(values, ored)
    empty = False
    for j in range(units.shape[0]):
        first = BLOCK_SIDE * j
        length = bit_length(ored[first] | ored[first + 1] | ored[first + 2] | ored[first + 3])
        shared = max(units[j] + length - 1, _MIN_SHARED_EXPONENT) if length else _MIN_SHARED_EXPONENT
        shift = shared - fraction_bits - units[j]
        if nan[j] or shared > _MAX_SHARED_EXPONENT:
            exponents[j] = NAN_EXPONENT
            empty = True
            shift = 0
        else:
            exponents[j] = shared + EXPONENT_BIAS
            if length == 0:
                shift = 0
            elif shift > MAX_SHIFT:
                # Less than half a unit.
                empty = True
        for c in range(first, first + BLOCK_SIDE):
            left[c] = max(-shift, 0)
            right[c] = max(shift, 0)
            # Half to even: just under half a unit is added to even results, half a unit to odd ones.
            carry[c] = (np.int64(1) << min(shift - 1, MAX_SHIFT - 1)) - 1 if shift > 0 else 0
            odd[c] = 1 if shift > 0 else 0
    for r in range(BLOCK_SIDE):
        for c in range(values.shape[1]):
            value = values[r, c] << left[c]
            value = (value + carry[c] + ((value >> right[c]) & odd[c])) >> right[c]
            mantissas[r, c] = min(max(value, -limit), limit)
    if empty:
        for c in range(values.shape[1]):
            if exponents[c // BLOCK_SIDE] == NAN_EXPONENT or right[c] > MAX_SHIFT:
                for r in range(BLOCK_SIDE):
                    mantissas[r, c] = 0
