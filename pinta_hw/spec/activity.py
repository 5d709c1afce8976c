"""How much of a matrix product is not multiplied by zero: what its energy depends on beside its size."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Activity:
    """Shares of a product's work, from 0 to 1.

    Parameters
    ----------
    digits : float
        Of the products of a digit of A with a byte of B, those in which neither is zero.
    blocks : float
        Of the pairs of blocks, those in which neither has only zeros.
    """

    digits: float
    blocks: float


MOST = Activity(1.0, 1.0)
"""Of operands without a zero: no others cost more."""
