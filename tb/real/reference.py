"""Two independent models of the FP32 operations, on bit patterns: NumPy's binary32, and exact fractions.

Both follow the terms of pinta_hw/spec/real.py; neither shares code with the golden models.
"""

from fractions import Fraction
from math import isqrt

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.real import RealOperation

Bits = npt.NDArray[np.uint32]
NAN = 0x7FC00000
INFINITY = 0x7F800000
SIGN = 0x80000000
_UFUNCS = {
    RealOperation.ADD: np.add,
    RealOperation.SUBTRACT: np.subtract,
    RealOperation.MULTIPLY: np.multiply,
    RealOperation.DIVIDE: np.divide,
}


def numpy_model(operation: RealOperation, a: Bits, b: Bits) -> Bits:
    """What NumPy's float32 gives, its subnormals flushed before and after; ``b`` does not count for a root."""
    x, y = _flushed(a).view(np.float32), _flushed(b).view(np.float32)
    with np.errstate(all="ignore"):
        result = np.sqrt(x) if operation is RealOperation.SQUARE_ROOT else _UFUNCS[operation](x, y)
    bits = _flushed(result.view(np.uint32))
    return np.where(np.isnan(result), np.uint32(NAN), bits)


def _flushed(bits: Bits) -> Bits:
    return np.where(bits & np.uint32(INFINITY) == 0, bits & np.uint32(SIGN), bits)


def exact_model(operation: RealOperation, a: int, b: int) -> int:
    """The same for one pair of operands, from the definition in exact arithmetic."""
    if operation is RealOperation.SUBTRACT:
        return exact_model(RealOperation.ADD, a, b ^ SIGN if not _is_nan(b) else b)
    if operation is RealOperation.SQUARE_ROOT:
        return _root(a)
    if _is_nan(a) or _is_nan(b):
        return NAN
    sign = (a ^ b) & SIGN
    x, y = _value(a), _value(b)
    if operation is RealOperation.ADD:
        if x is None or y is None:
            return NAN if x is y is None and sign else INFINITY | ((a if x is None else b) & SIGN)
        if x + y == 0:
            return a & b & SIGN if x == 0 else 0
        return _rounded(x + y)
    if operation is RealOperation.MULTIPLY:
        if x is None or y is None:
            return NAN if x == 0 or y == 0 else INFINITY | sign
        return _rounded(abs(x * y)) | sign
    if x is None:
        return NAN if y is None else INFINITY | sign
    if y is None:
        return sign
    if y == 0:
        return NAN if x == 0 else INFINITY | sign
    return _rounded(abs(x / y)) | sign


def _root(a: int) -> int:
    x = _value(a)
    if _is_nan(a) or (a & SIGN and x != 0):
        return NAN
    if x is None or x == 0:
        return a & (SIGN | INFINITY)
    places = 200  # far more than decide a rounding
    root = isqrt(x.numerator * (1 << 2 * places) // x.denominator)
    return _rounded(Fraction(2 * root + (root * root * x.denominator != x.numerator << 2 * places), 1 << places + 1))


def _is_nan(bits: int) -> bool:
    return bits & ~SIGN > INFINITY


def _value(bits: int) -> Fraction | None:
    """A number, subnormals as zero; None for an infinity or NaN."""
    exponent, fraction = bits >> 23 & 255, bits & 0x7FFFFF
    if exponent == 255:
        return None
    if exponent == 0:
        return Fraction(0)
    magnitude = (1 << 23 | fraction) * Fraction(2) ** (exponent - 150)
    return -magnitude if bits & SIGN else magnitude


def _rounded(value: Fraction) -> int:
    """Nearest binary32, subnormal ones among them, the even one of two; then subnormals flushed."""
    sign, value = SIGN if value < 0 else 0, abs(value)
    scale = value.numerator.bit_length() - value.denominator.bit_length()
    if Fraction(2) ** scale > value:
        scale -= 1  # now 2**scale <= value < 2**(scale + 1)
    place = max(scale - 23, -149)
    number = round(value / Fraction(2) ** place)  # Python rounds a Fraction half to even
    nearest = number * Fraction(2) ** place
    if nearest >= Fraction(2) ** 128:
        return sign | INFINITY
    if nearest < Fraction(2) ** -126:
        return sign
    if number == 1 << 24:
        number, place = 1 << 23, place + 1
    return sign | (place + 150) << 23 | number & 0x7FFFFF


def describe(bits: int) -> str:
    """For a message: bits, and the number they stand for."""
    sign, exponent, fraction = bits >> 31, bits >> 23 & 255, bits & 0x7FFFFF
    value = np.uint32(bits).view(np.float32)
    return f"{bits:08x} (sign {sign}, exponent {exponent}, fraction {fraction:06x}: {value!s})"
