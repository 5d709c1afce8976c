"""Activation functions of SMX matrices, read from the tables of pinta_hw/spec/tables.py."""

from functools import cache

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.formats import EXPONENT_BIAS, NAN_EXPONENT
from pinta_hw.spec.tables import (
    OFFSET_BITS,
    PHASE_BITS,
    QUARTER_SEGMENTS,
    SEGMENTS_PER_UNIT,
    TABLE_FRACTION_BITS,
    table,
    turns,
)

from .quantize import quantize_integers
from .smx import SmxMatrix, expand
from .terms import Term, quantize_sum

Integers = npt.NDArray[np.int64]

_WIDE_BITS = 16
_ADDRESS_FRACTION_BITS = (SEGMENTS_PER_UNIT - 1).bit_length() + OFFSET_BITS
_ADDRESS_LIMIT = 1 << 30
_QUARTER_BITS = (QUARTER_SEGMENTS - 1).bit_length() + OFFSET_BITS
_HALF = 1 << (OFFSET_BITS - 1)


def activate(function: str, order: int, y: SmxMatrix, bits: int) -> SmxMatrix:
    """A derivative of an activation function at every element, quantized to SMX-``bits``.

    Parameters
    ----------
    function : str
        ``tanh``, ``sin`` or ``gelu``.
    order : int
        0 for the function itself, up to 4.
    y : SmxMatrix
        Arguments.
    bits : int
        Width of the result.
    """
    rows, columns = y.shape
    value = read(function, order, y)
    value[rows:] = 0
    value[:, columns:] = 0
    units = np.full(y.exponents.shape, -TABLE_FRACTION_BITS, dtype=np.int64)
    if function == "gelu" and order == 0:
        argument = Term.of(y)
        positive = Term(np.maximum(argument.integers, 0), argument.units, argument.nan)
        return quantize_sum(positive, Term(value, units, y.nan_blocks), bits, y.shape)
    return quantize_integers(value, units, y.nan_blocks, bits, y.shape)


def read(function: str, order: int, y: SmxMatrix) -> Integers:
    """What the table gives for every lane, in units of ``2**-TABLE_FRACTION_BITS``; gelu lacks its ``max(y, 0)``."""
    mantissas = y.mantissas.astype(np.int64) << (_WIDE_BITS - y.bits)
    if function == "sin":
        return _read_sin(order, mantissas, y.exponents)
    # One unit of the mantissa is 2**shift units of the address.
    shift = y.exponents.astype(np.int64) - (EXPONENT_BIAS + _WIDE_BITS - 2) + _ADDRESS_FRACTION_BITS
    magnitudes = np.abs(mantissas)
    right = expand(np.clip(-shift, 0, 62))
    left = expand(np.clip(shift, 0, 31))
    address = ((magnitudes + ((np.int64(1) << right) >> 1)) >> right) << left
    value = _interpolate(function, order, np.minimum(address, _ADDRESS_LIMIT))
    if table(function, order).odd:
        value = np.where(mantissas < 0, -value, value)
    if function == "gelu" and order == 1:
        value += np.where(mantissas >= 0, 1 << TABLE_FRACTION_BITS, 0)
    return value


def _read_sin(order: int, mantissas: Integers, exponents: npt.NDArray[np.uint8]) -> Integers:
    unit = expand(_turns()[exponents])
    # A 15-bit magnitude times 40 bits stays inside 64.
    phase = (mantissas * unit) & ((1 << PHASE_BITS) - 1)
    drop = PHASE_BITS - 2 - _QUARTER_BITS
    phase = ((phase + (1 << (drop - 1))) >> drop) + (order << _QUARTER_BITS)
    quadrant, address = (phase >> _QUARTER_BITS) & 3, phase & ((1 << _QUARTER_BITS) - 1)
    address = np.where(quadrant & 1 == 1, (1 << _QUARTER_BITS) - address, address)
    value = _interpolate("sin", 0, address)
    return np.where(quadrant & 2 == 2, -value, value)


def _interpolate(function: str, order: int, address: Integers) -> Integers:
    coefficients, beyond = _coefficients(function, order)
    segment = np.minimum(address >> OFFSET_BITS, len(coefficients[0]) - 1)
    tau = address & ((1 << OFFSET_BITS) - 1)
    c0, c1, c2 = (column[segment] for column in coefficients)
    inner = c1 + ((c2 * tau + _HALF) >> OFFSET_BITS)
    value = c0 + ((inner * tau + _HALF) >> OFFSET_BITS)
    return np.where(address >> OFFSET_BITS >= len(coefficients[0]), beyond, value)


@cache
def _coefficients(function: str, order: int) -> tuple[Integers, int]:
    """Columns c0, c1, c2 of the table and its value beyond the end."""
    entries = table(function, order)
    return np.array(entries.segments, dtype=np.int64).T.copy(), entries.beyond


@cache
def _turns() -> Integers:
    """Indexed by the stored exponent; the one of NaN blocks, whose mantissas are zero, reads zero."""
    return np.array([*turns(), *[0] * (256 - NAN_EXPONENT)], dtype=np.int64)
