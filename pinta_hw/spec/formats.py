"""SMX formats: square blocks of two's-complement mantissas that share one E8M0 exponent.

An SMX-b element is worth ``mantissa * 2**(exponent - 127 - (b - 2))``. SMX-8 elements are the
MXINT8 elements of the OCP Microscaling specification v1.0; only the block is a 4 x 4 square.
"""

from dataclasses import dataclass

from .errors import UserError

BLOCK_SIDE = 4
"""Rows and columns of a block."""
BLOCK_ELEMENTS = BLOCK_SIDE * BLOCK_SIDE
DIGIT_BITS = 4
"""Bits of one digit; a *digit plane* is the same digit of all sixteen mantissas."""
PLANE_BITS = BLOCK_ELEMENTS * DIGIT_BITS
EXPONENT_BITS = 8
EXPONENT_BIAS = 127
NAN_EXPONENT = 255
"""The stored exponent that marks a block as NaN (OCP MX v1.0, section 5.4)."""
MAX_EXPONENT = NAN_EXPONENT - 1
SMX_BITS = (4, 8, 12, 16)


@dataclass(frozen=True, order=True)
class SmxFormat:
    """The numbers of one SMX width.

    Parameters
    ----------
    bits : int
        Mantissa width, one of 4, 8, 12, 16.

    Raises
    ------
    UserError
        If ``bits`` is not a width of the format family.
    """

    bits: int

    def __post_init__(self) -> None:
        if self.bits not in SMX_BITS:
            raise UserError(f"SMX width {self.bits!r} does not exist; allowed: 4, 8, 12, 16 bits")

    @property
    def planes(self) -> int:
        """Digit planes of a block; plane 0 holds the least significant digits."""
        return self.bits // DIGIT_BITS

    @property
    def fraction_bits(self) -> int:
        """Mantissa bits to the right of the binary point."""
        return self.bits - 2

    @property
    def max_mantissa(self) -> int:
        """Largest magnitude: the range is symmetric."""
        return (1 << (self.bits - 1)) - 1

    @property
    def byte_planes(self) -> int:
        """Byte planes when the block is the parallel (B) operand of the array."""
        return (self.planes + 1) // 2


def blocks(elements: int) -> int:
    """Blocks that cover ``elements`` rows or columns."""
    return -(-elements // BLOCK_SIDE)
