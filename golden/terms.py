"""Exact block integers, and the sum of two of them quantized once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.formats import EXPONENT_BIAS
from pinta_hw.spec.operations import SUM_GUARD_BITS

from .quantize import block_max, quantize_integers
from .smx import SmxMatrix, expand

_MAX_SHIFT = 62


@dataclass(frozen=True, eq=False)
class Term:
    """Exact block integers: an element is worth ``integers * 2**units`` of its block."""

    integers: npt.NDArray[np.int64]
    units: npt.NDArray[np.int64]
    nan: npt.NDArray[np.bool_]

    @staticmethod
    def of(matrix: SmxMatrix) -> "Term":
        """The matrix itself."""
        units = matrix.exponents.astype(np.int64) - (EXPONENT_BIAS + matrix.format.fraction_bits)
        return Term(matrix.mantissas.astype(np.int64), units, matrix.nan_blocks)

    @staticmethod
    def product(a: SmxMatrix, b: SmxMatrix) -> "Term":
        """``a b``, lane by lane."""
        assert a.shape == b.shape, (a.shape, b.shape)
        x, y = Term.of(a), Term.of(b)
        return Term(x.integers * y.integers, x.units + y.units, x.nan | y.nan)


def quantize_sum(first: Term, second: Term, bits: int, shape: tuple[int, int]) -> SmxMatrix:
    """The exact sum of two terms, quantized once."""
    lowest = np.iinfo(np.int64).min
    # A zero block must not set the unit: the other term would lose its bits.
    used = [np.where(block_max(np.abs(term.integers)) > 0, term.units, lowest) for term in (first, second)]
    unit = np.maximum(used[0], used[1])
    total = np.zeros_like(first.integers)
    for term in (first, second):
        distance = expand(np.clip(unit - term.units, 0, _MAX_SHIFT))
        shifted = term.integers << SUM_GUARD_BITS
        kept = shifted >> distance
        total += kept | (kept << distance != shifted)
    unit = np.where(unit == lowest, 0, unit) - SUM_GUARD_BITS
    return quantize_integers(total, unit, first.nan | second.nan, bits, shape)
