"""The block-floating accumulators that a contraction ends with."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.accumulator import ACCUMULATOR_FRACTION_BITS, PAIR_EXPONENT_BIAS

from .quantize import quantize_integers
from .smx import SmxMatrix, expand


@dataclass(frozen=True, eq=False)
class Accumulators:
    """Accumulators of every output block; an element is worth ``mantissa * 2**(exponent - 254 - F)``.

    Parameters
    ----------
    mantissas : int64 array, shape (4 I, 4 J)
        Two's-complement integers of ``ACCUMULATOR_BITS`` bits; zero in NaN blocks.
    exponents : int64 array, shape (I, J)
        Pair exponents, 0 to 508; zero in NaN blocks.
    nan : bool array, shape (I, J)
        NaN blocks.
    shape : (rows, columns)
        Logical shape.
    """

    mantissas: npt.NDArray[np.int64]
    exponents: npt.NDArray[np.int64]
    nan: npt.NDArray[np.bool_]
    shape: tuple[int, int]

    @property
    def units(self) -> npt.NDArray[np.int64]:
        """Exponent of the last mantissa bit of each block."""
        return self.exponents - (PAIR_EXPONENT_BIAS + ACCUMULATOR_FRACTION_BITS)

    @property
    def T(self) -> "Accumulators":  # noqa: N802 - NumPy's name for the transpose
        """The transpose."""
        return Accumulators(self.mantissas.T, self.exponents.T, self.nan.T, (self.shape[1], self.shape[0]))

    def equals(self, other: "Accumulators") -> bool:
        """Whether all bits agree."""
        return (
            self.shape == other.shape
            and np.array_equal(self.mantissas, other.mantissas)
            and np.array_equal(self.exponents, other.exponents)
            and np.array_equal(self.nan, other.nan)
        )

    def quantize(self, bits: int) -> SmxMatrix:
        """The result in SMX-``bits``, rounded once."""
        return quantize_integers(self.mantissas, self.units, self.nan, bits, self.shape)

    def to_float(self) -> npt.NDArray[np.float64]:
        """The exact values in float64, of the logical shape; elements of NaN blocks are NaN."""
        rows, columns = self.shape
        unit = np.ldexp(1.0, self.units)
        unit[self.nan] = np.nan
        return (self.mantissas * expand(unit))[:rows, :columns]
