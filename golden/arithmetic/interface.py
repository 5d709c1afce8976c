"""What layers and estimators may do with tensors; the number format is behind it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.real import RealProgram

from ..real import Reals, flush, run_program

T = TypeVar("T")


class Role(Enum):
    """What a tensor is for; an experiment sets the precision of each role."""

    INPUT = "inputs"
    ACTIVATION = "activations"
    A_ROW = "a_rows"
    S_ROW = "s_rows"
    WEIGHT = "weights"
    GRADIENT = "gradients"
    INTERMEDIATE = "tt_intermediate"
    ELEMENTWISE = "elementwise"


class Arithmetic(ABC, Generic[T]):
    """Matrix and elementwise operations on tensors of type ``T``, which are matrices of a logical shape.

    Every operation rounds its result once, to the precision of the role it is given.
    """

    dtype: type[np.floating]
    """Of the real numbers in residuals, losses and updates: float32, or float64 in the float64 reference."""

    def enter(self, phase: str, micro_batch: int) -> None:
        """What follows belongs to this phase of the step and to this micro-batch; for those who keep account."""

    def for_layer(self, index: int, layers: int) -> "Arithmetic[T]":
        """The same arithmetic with the precisions of one layer of ``layers``."""
        return self

    @abstractmethod
    def encode(self, values: npt.ArrayLike, role: Role) -> T:
        """A tensor of real numbers."""

    @abstractmethod
    def decode(self, tensor: T) -> Reals:
        """The values as real numbers of `dtype`."""

    def add_reals(self, total: Reals, value: Reals) -> Reals:
        """``total + value``, rounded once: sums over chunks, passes and micro-batches."""
        return flush(total + value)

    def run_program(self, program: RealProgram, inputs: Mapping[str, Reals]) -> dict[str, Reals]:
        """All registers after a program of `pinta_hw.spec.real`."""
        return run_program(program, inputs)

    def sum_squares(self, values: Reals, scale: Reals) -> Reals:
        """Squares added in ascending order, then multiplied by ``scale``; each operation rounds."""
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.cumsum(flush(values * values), dtype=self.dtype)[-1]
            return flush(total * scale)

    @abstractmethod
    def shape(self, tensor: T) -> tuple[int, int]:
        """Rows and columns."""

    def alike(self, a: T, b: T) -> bool:
        """Whether two tensors can be stacked: they have one precision."""
        return True

    @abstractmethod
    def stack(self, planes: Sequence[T]) -> T:
        """Planes of one role below each other, each starting with a block of its own."""

    @abstractmethod
    def split(self, stacked: T, rows: Sequence[int]) -> list[T]:
        """The planes again, each with its number of rows."""

    @abstractmethod
    def gemm(
        self,
        name: str,
        a: T,
        b: T,
        role: Role,
        *,
        a_transposed: bool = False,
        b_transposed: bool = False,
    ) -> T:
        """``A B``; ``name`` tells the product from others in a trace."""

    @abstractmethod
    def contract(self, name: str, a: T, b: T, *, a_transposed: bool = False, b_transposed: bool = False) -> Reals:
        """``A B`` as real numbers, straight from the accumulators."""

    @abstractmethod
    def add_row(self, a: T, row: T, role: Role) -> T:
        """``a + row`` for a row of shape (1, N)."""

    @abstractmethod
    def add(self, a: T, b: T, role: Role) -> T:
        """``a + b``, lane by lane."""

    @abstractmethod
    def multiply(self, a: T, b: T, role: Role, *, doubled: bool = False) -> T:
        """``a b``, or ``2 a b``, lane by lane."""

    @abstractmethod
    def multiply_add(self, a: T, b: T, c: T, role: Role) -> T:
        """``a b + c``, lane by lane."""

    @abstractmethod
    def dot2(self, a: T, b: T, c: T, d: T, role: Role) -> T:
        """``a b + c d``, lane by lane."""

    @abstractmethod
    def sum_parts(self, a: T, b: T, rows: Sequence[int], role: Role) -> T:
        """The sum of ``a b`` over the stacked planes of ``rows`` each, in order, lane by lane."""

    def sum_products(self, pairs: Sequence[tuple[T, T]], role: Role) -> T:
        """The sum of ``a b`` over the pairs, lane by lane: two at once, then one by one onto elementwise precision."""
        *before, (a, b) = pairs
        if not before:
            return self.multiply(a, b, role)
        if len(before) == 1:
            return self.dot2(*before[0], a, b, role)
        return self.multiply_add(a, b, self.sum_products(before, Role.ELEMENTWISE), role)

    @abstractmethod
    def activate(self, function: str, order: int, y: T, role: Role) -> T:
        """A derivative, up to the fourth, of ``tanh``, ``sin`` or ``gelu``."""
