"""Derivatives of the activation function at the base rows, read when first asked for (`golden.slopes`)."""

from collections import Counter

from pinta_hw.spec.isa.elementwise import ElementwiseOperation

from .stack import Stack, constant, lanes
from .work import Work

_WIDE = 16


class Slopes:
    """Of one layer.

    Parameters
    ----------
    work : Counter
        Where tables and quotients are counted.
    rows, columns : int
        Blocks of the base rows.
    """

    def __init__(self, work: Counter[Work], rows: int, columns: int) -> None:
        self.base = Stack(rows, columns, _WIDE)
        self._work = work
        self._read: set[tuple[int, int]] = set()

    def __call__(self, order: int, divisor: int = 1) -> Stack:
        """A derivative, divided by 1, 2 or 6."""
        if (order, divisor) not in self._read:
            self._read.add((order, divisor))
            if divisor == 1:
                lanes(self._work, ElementwiseOperation.TABLE, _WIDE, a=self.base)
            else:
                self(order)
                lanes(self._work, ElementwiseOperation.MULTIPLY, _WIDE, a=self.base, b=constant(self.base))
        return Stack(self.base.rows, self.base.columns, _WIDE)

    def over(self, stack: Stack, counts: tuple[int, int]) -> Stack:
        """Repeated for each direction of a chunk."""
        return stack._replace(counts=counts)
