"""Schedule ``sequential``: activations meet one core after another, and every intermediate is quantized.

The input side is contracted from the last core inwards, then the output side from its inner core outwards. With b
the rows and C the core, shape (r, n, r')::

    input side    S (b n_1 .. n_(k-1), n_k r') C^T      gives (b n_1 .. n_(k-1), r), read as (b n_1 .., n_(k-1) r)
    output side   V (b m_(k+1) .. m_d, r') C^T          gives (b m_(k+1) .., r m_k), written as (b m_k m_(k+1) .., r)

Cores have the precision of weights, intermediates theirs, gradients between cores that of gradients. The rows of x and
g are re-blocked first: to SMX-16, so that they are not rounded a second time, or like the intermediates. A core's
gradient contracts over all rows of its operand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..arithmetic import Arithmetic, Role
from ..layers import Pairs
from ..layout import Layout
from ..real import Reals
from .layer import TensorTrainLayer

T = TypeVar("T")


@dataclass(frozen=True)
class Operands(Generic[T]):
    """What each core was multiplied with, in the order of the train."""

    per_core: tuple[T, ...]


@dataclass(frozen=True)
class Sequential(TensorTrainLayer):
    """What naive tensorization does.

    Parameters
    ----------
    name, shape
        As of every tensor-train layer.
    rounded_rows : bool
        Whether re-blocked rows take the precision of intermediates (x) and of gradients (g) instead of SMX-16.
    """

    rounded_rows: bool = False

    def encode_cores(self, arithmetic: Arithmetic[T], cores: list[Reals]) -> list[T]:
        split = len(self.shape.row_modes)
        unfolded = [core.reshape(-1, core.shape[2]) for core in cores[:split]]
        unfolded += [core.reshape(core.shape[0], -1) for core in cores[split:]]
        return [arithmetic.encode(core, Role.WEIGHT) for core in unfolded]

    def multiply(self, arithmetic: Arithmetic[T], weight: list[T], x: T) -> tuple[T, Operands[T]]:
        split, shapes = len(self.shape.row_modes), self.shape.cores
        operands: list[T] = []
        role = Role.INTERMEDIATE if self.rounded_rows else Role.ELEMENTWISE
        state = _reblocked(arithmetic, arithmetic.decode(x), Layout((-1, shapes[-1][1]), (0, 1), 1), role)
        for k in reversed(range(split, len(shapes))):
            operands.append(state)
            inner = shapes[k][0]
            # The next core's mode moves from the rows into the columns; the last state is Z, shape (b, r).
            mode = shapes[k - 1][1] if k > split else 1
            layout = Layout((-1, mode, inner), (0, 1, 2), 1)
            state = self._product(arithmetic, k, state, weight[k], layout, Role.INTERMEDIATE)
        suffix = 1
        for k in reversed(range(split)):
            operands.append(state)
            inner, mode, _ = shapes[k]
            layout = Layout((-1, suffix, inner, mode), (0, 3, 1, 2), 3 if k else 1)
            role = Role.INTERMEDIATE if k else Role.ELEMENTWISE
            state = self._product(arithmetic, k, state, weight[k], layout, role)
            suffix *= mode
        return state, Operands(tuple(reversed(operands)))

    def multiply_backward(
        self, arithmetic: Arithmetic[T], weight: list[T], x: T, kept: Operands[T], g: T, *, inputs: bool
    ) -> tuple[Pairs[T], T | None]:
        split, shapes = len(self.shape.row_modes), self.shape.cores
        pairs: Pairs[T] = {}
        suffix = self.shape.rows // shapes[0][1]
        role = Role.GRADIENT if self.rounded_rows else Role.ELEMENTWISE
        layout = Layout((-1, shapes[0][1], suffix), (0, 2, 1), 2)
        state = _reblocked(arithmetic, arithmetic.decode(g), layout, role)
        for k in range(split):
            pairs[f"{self.name}.core{k + 1}"] = state, kept.per_core[k]
            outer = shapes[k][2]
            # To (b m_(k+2) .., r m_(k+1)), or to (b, r) before the input side.
            mode = shapes[k + 1][1] if k + 1 < split else 1
            suffix //= mode
            layout = Layout((-1, mode, suffix, outer), (0, 2, 3, 1), 2)
            state = self._product_gradient(arithmetic, k, state, weight[k], layout, Role.GRADIENT)
        for k in range(split, len(shapes)):
            pairs[f"{self.name}.core{k + 1}"] = state, kept.per_core[k]
            last = k == len(shapes) - 1
            if last and not inputs:
                return pairs, None
            _, mode, outer = shapes[k]
            layout = Layout((-1, self.inputs), (0, 1), 1) if last else Layout((-1, mode, outer), (0, 1, 2), 2)
            role = Role.ELEMENTWISE if last else Role.GRADIENT
            state = self._product_gradient(arithmetic, k, state, weight[k], layout, role)
        return pairs, state

    def core_gradients(self, arithmetic: Arithmetic[T], weight: list[T], sums: Mapping[str, Reals]) -> list[Reals]:
        return [gradient.reshape(shape) for gradient, shape in zip(self.cores_of(sums), self.shape.cores, strict=True)]

    def _product(self, arithmetic: Arithmetic[T], core: int, state: T, weight: T, layout: Layout, role: Role) -> T:
        product = arithmetic.contract(f"{self.name}.core{core + 1}.forward", state, weight, b_transposed=True)
        return _reblocked(arithmetic, product, layout, role)

    def _product_gradient(
        self, arithmetic: Arithmetic[T], core: int, state: T, weight: T, layout: Layout, role: Role
    ) -> T:
        product = arithmetic.contract(f"{self.name}.core{core + 1}.input_gradient", state, weight)
        return _reblocked(arithmetic, product, layout, role)


def _reblocked(arithmetic: Arithmetic[T], values: Reals, layout: Layout, role: Role) -> T:
    return arithmetic.encode(layout.apply(values), role)
