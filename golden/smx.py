"""An SMX matrix: mantissas, one exponent for each 4 x 4 block, and the logical shape."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.formats import BLOCK_SIDE, EXPONENT_BIAS, NAN_EXPONENT, SmxFormat, blocks

Mantissas = npt.NDArray[np.int32]
Exponents = npt.NDArray[np.uint8]


def padded(shape: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of whole blocks that cover ``shape``."""
    return BLOCK_SIDE * blocks(shape[0]), BLOCK_SIDE * blocks(shape[1])


def expand(per_block: npt.NDArray) -> npt.NDArray:
    """Repeat a value for each block, shape (I, J), over the block's elements: shape (4 I, 4 J)."""
    return np.repeat(np.repeat(per_block, BLOCK_SIDE, axis=0), BLOCK_SIDE, axis=1)


@dataclass(frozen=True, eq=False)
class SmxMatrix:
    """A matrix in SMX-``bits``. The arrays become read-only.

    Parameters
    ----------
    mantissas : int32 array, shape (4 I, 4 J)
        Element (r, c) is worth ``mantissas[r, c] * 2**(exponents[r // 4, c // 4] - 127 - (bits - 2))``.
        Lanes outside the logical shape are zero.
    exponents : uint8 array, shape (I, J)
        Stored exponents; 255 marks a NaN block, whose mantissas are zero. An all-zero block has exponent 0.
    bits : int
        Mantissa width: 4, 8, 12 or 16.
    shape : (rows, columns)
        Logical shape, before padding.

    Raises
    ------
    UserError
        If ``bits`` is no SMX width.
    """

    mantissas: Mantissas
    exponents: Exponents
    bits: int
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        assert self.mantissas.shape == padded(self.shape), (self.mantissas.shape, self.shape)
        assert self.exponents.shape == (blocks(self.shape[0]), blocks(self.shape[1]))
        assert self.mantissas.dtype == np.int32 and self.exponents.dtype == np.uint8
        _ = self.format
        self.mantissas.flags.writeable = False
        self.exponents.flags.writeable = False

    @property
    def format(self) -> SmxFormat:
        return SmxFormat(self.bits)

    @property
    def nan_blocks(self) -> npt.NDArray[np.bool_]:
        """Which blocks are NaN, shape (I, J)."""
        return self.exponents == NAN_EXPONENT

    @property
    def has_nan(self) -> bool:
        return bool(self.nan_blocks.any())

    @property
    def T(self) -> "SmxMatrix":  # noqa: N802 - NumPy's name for the transpose
        """The transpose: mantissas inside blocks and the grid of blocks; exponents are kept."""
        return SmxMatrix(self.mantissas.T, self.exponents.T, self.bits, (self.shape[1], self.shape[0]))

    def equals(self, other: "SmxMatrix") -> bool:
        """Whether both have the same format, shape, mantissas and exponents, bit for bit."""
        return (
            self.bits == other.bits
            and self.shape == other.shape
            and np.array_equal(self.mantissas, other.mantissas)
            and np.array_equal(self.exponents, other.exponents)
        )

    def dequantize(self) -> npt.NDArray[np.float64]:
        """The exact values in float64, of the logical shape; elements of NaN blocks are NaN."""
        rows, columns = self.shape
        unit = np.ldexp(1.0, self.exponents.astype(np.int32) - (EXPONENT_BIAS + self.format.fraction_bits))
        unit[self.nan_blocks] = np.nan
        return (self.mantissas * expand(unit))[:rows, :columns]
