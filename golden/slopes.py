"""Derivatives of the activation function at the base rows of a layer, as the rules of the estimators take them."""

from typing import Generic, TypeVar

import numpy as np

from .arithmetic import Arithmetic, Role

T = TypeVar("T")


class Slopes(Generic[T]):
    """Derivatives in SMX-16, read when first asked for.

    Parameters
    ----------
    arithmetic : Arithmetic
        Of any layer: the precision of elementwise work is the same in all.
    function : str
        ``tanh``, ``sin`` or ``gelu``.
    y : tensor
        The base rows before the activation.
    """

    def __init__(self, arithmetic: Arithmetic[T], function: str, y: T) -> None:
        self.arithmetic = arithmetic
        self.function = function
        self.rows, self.columns = arithmetic.shape(y)
        self.y = y
        self._read: dict[tuple[int, int], T] = {}

    def __call__(self, order: int, divisor: int = 1) -> T:
        """A derivative, divided by 1, 2 or 6; the quotient rounds once more."""
        if (order, divisor) not in self._read:
            if divisor == 1:
                value = self.arithmetic.activate(self.function, order, self.y, Role.ELEMENTWISE)
            else:
                value = self.arithmetic.multiply(self(order), self.constant(1 / divisor), Role.ELEMENTWISE)
            self._read[order, divisor] = value
        return self._read[order, divisor]

    def constant(self, value: float) -> T:
        """A number in the shape of the base rows."""
        return self.arithmetic.encode(np.full((self.rows, self.columns), value), Role.ELEMENTWISE)

    def over(self, tensor: T, directions: int) -> T:
        """A tensor of the base rows, repeated for each direction of a chunk."""
        return self.arithmetic.stack([tensor] * directions)
