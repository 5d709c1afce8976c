"""Digit planes: how a scratchpad stores SMX blocks.

Plane p of a block is a 64-bit word of the sixteen 4-bit digits of weight ``16**p``; the digit of element
(r, c) lies at bits ``4 * (4 * r + c)`` and up. The top digit is the signed one: mantissas are two's complement.
"""

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.formats import BLOCK_ELEMENTS, BLOCK_SIDE, DIGIT_BITS, SmxFormat

from .smx import Exponents, SmxMatrix

Planes = npt.NDArray[np.uint64]

_DIGIT_SHIFTS = (DIGIT_BITS * np.arange(BLOCK_ELEMENTS, dtype=np.uint64)).reshape(BLOCK_SIDE, 1, BLOCK_SIDE)
_DIGIT_MASK = (1 << DIGIT_BITS) - 1


def digit_planes(matrix: SmxMatrix) -> Planes:
    """Digit planes of a matrix of I x J blocks: shape (planes, I, J), plane 0 the least significant."""
    rows, columns = matrix.exponents.shape
    tiles = matrix.mantissas.reshape(rows, BLOCK_SIDE, columns, BLOCK_SIDE)
    planes = np.empty((matrix.format.planes, rows, columns), dtype=np.uint64)
    for plane in range(matrix.format.planes):
        digits = ((tiles >> (DIGIT_BITS * plane)) & _DIGIT_MASK).astype(np.uint64)
        planes[plane] = np.bitwise_or.reduce(digits << _DIGIT_SHIFTS, axis=(1, 3))
    return planes


def from_digit_planes(planes: Planes, exponents: Exponents, shape: tuple[int, int]) -> SmxMatrix:
    """The matrix stored as ``planes``, shape (bits / 4, I, J); the inverse of `digit_planes`."""
    bits = DIGIT_BITS * planes.shape[0]
    _, rows, columns = planes.shape
    mantissas = np.zeros((rows, BLOCK_SIDE, columns, BLOCK_SIDE), dtype=np.int64)
    for plane, words in enumerate(planes):
        digits = (words[:, None, :, None] >> _DIGIT_SHIFTS) & np.uint64(_DIGIT_MASK)
        mantissas |= digits.astype(np.int64) << (DIGIT_BITS * plane)
    sign = 1 << (SmxFormat(bits).bits - 1)
    mantissas = (mantissas ^ sign) - sign
    flat = mantissas.reshape(BLOCK_SIDE * rows, BLOCK_SIDE * columns).astype(np.int32)
    return SmxMatrix(flat, exponents.copy(), bits, shape)
