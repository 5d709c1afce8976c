"""Quantization of elements that come from several blocks: new blocks of another layout, rounded once."""

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.operations import SUM_GUARD_BITS

from .accumulators import Accumulators
from .layout import Layout
from .quantize import block_max, quantize_integers
from .smx import SmxMatrix, expand, padded
from .terms import Term

_GUARD_BITS = SUM_GUARD_BITS - 1
"""An accumulator has 32 bits; shifted by these it stays below the quantizer's 2**62."""
_MAX_SHIFT = 62
_LOWEST = np.iinfo(np.int64).min


def reblock(matrix: SmxMatrix, layout: Layout, bits: int) -> SmxMatrix:
    """The elements of a matrix in another layout, in SMX-``bits``."""
    return _quantize(Term.of(matrix), matrix.shape, layout, bits)


def quantize_reblocked(accumulators: Accumulators, layout: Layout, bits: int) -> SmxMatrix:
    """The elements of a product in another layout, from the accumulators to SMX-``bits`` in one rounding."""
    term = Term(accumulators.mantissas, accumulators.units, accumulators.nan)
    return _quantize(term, accumulators.shape, layout, bits)


def _quantize(term: Term, shape: tuple[int, int], layout: Layout, bits: int) -> SmxMatrix:
    """Align the elements of each new block to the largest unit among them, exactly as far as a result can show."""
    rows, columns = shape
    used = np.where(term.integers != 0, expand(term.units), _LOWEST)
    integers = layout.apply(term.integers[:rows, :columns])
    new_shape = (integers.shape[0], integers.shape[1])
    integers = _pad(integers, 0)
    units = _pad(layout.apply(used[:rows, :columns]), _LOWEST)
    nan = _pad(layout.apply(expand(term.nan)[:rows, :columns]), False)
    unit = block_max(units)
    distance = np.where(integers != 0, np.minimum(expand(unit) - units, _MAX_SHIFT), 0)
    shifted = integers << _GUARD_BITS
    kept = shifted >> distance
    # What falls out is ORed into the last bit: it lies far below half a unit of the result.
    aligned = kept | (kept << distance != shifted)
    unit = np.where(unit == _LOWEST, 0, unit) - _GUARD_BITS
    return quantize_integers(aligned, unit, block_max(nan), bits, new_shape)


def _pad(values: npt.NDArray, filling: int) -> npt.NDArray:
    rows, columns = values.shape
    whole = np.full(padded((rows, columns)), filling, dtype=values.dtype)
    whole[:rows, :columns] = values
    return whole
