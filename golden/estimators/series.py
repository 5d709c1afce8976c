"""The cubic expansion of a difference: coefficients and sums that `diffquant` and `parity` share.

With e the difference of an argument from the base y, and phi and its derivatives at y::

    phi(y + e) - phi(y) = phi' e + (phi''/2) e^2 + (phi'''/6) e^3 + O(e^4)

No two table values are ever subtracted: their difference would drown in the tables' error.
"""

from collections.abc import Sequence
from typing import TypeVar

from ..slopes import Slopes

T = TypeVar("T")


def coefficients(slopes: Slopes[T], directions: int) -> tuple[T, T, T]:
    """``phi'``, ``phi''/2``, ``phi'''/6`` for stacked directions."""
    first, second, third = (slopes.over(slopes(n, d), directions) for n, d in ((1, 1), (2, 2), (3, 6)))
    return first, second, third


def derivative_coefficients(slopes: Slopes[T], directions: int) -> tuple[T, T, T]:
    """``phi'``, ``phi''``, ``phi'''/2``: those of the expansion's derivative by e."""
    first, second, third = (slopes.over(slopes(n, d), directions) for n, d in ((1, 1), (2, 1), (3, 2)))
    return first, second, third


def base_terms(slopes: Slopes[T], sums: Sequence[T]) -> list[tuple[T, T]]:
    """The expansion's derivative by y, from the sums of ``G e``, ``G e^2`` and ``G e^3`` over the directions."""
    by_base = (slopes(2), slopes(3, 2), slopes(4, 6))
    return list(zip(by_base, sums, strict=True))
