"""Schedule ``prs`` (partial reconstruction): two factors, each quantized once, and one intermediate.

A (M, r) is contracted from the output-side cores and B (r, N) from the input-side ones (golden/tt/chain.py). Then::

    Z = X B^T      Y = Z A^T
    dZ = dY A      dA = dY^T Z      dX = dZ B      dB = dZ^T X

A and B have the precision of weights, Z that of the intermediate, dZ that of gradients; dA and dB go to FP32 and,
once a step, to SMX-16, from which the gradients of the cores follow along the chain.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..arithmetic import Arithmetic, Role
from ..layers import Pairs
from ..real import Reals
from .chain import Side, contract_side, side_gradients
from .layer import TensorTrainLayer

T = TypeVar("T")


@dataclass(frozen=True)
class Factors(Generic[T]):
    """Both sides of the train: A, shape (M, r), and B transposed, shape (N, r)."""

    output_side: Side[T]
    input_side: Side[T]


def contract_sides(arithmetic: Arithmetic[T], layer: TensorTrainLayer, cores: list[Reals], role: Role) -> Factors[T]:
    """Both factors in the precision of ``role``."""
    split = len(layer.shape.row_modes)
    return Factors(
        contract_side(arithmetic, f"{layer.name}.output_side", cores[:split], role, mirrored=False),
        contract_side(arithmetic, f"{layer.name}.input_side", cores[split:], role, mirrored=True),
    )


@dataclass(frozen=True)
class PartialReconstruction(TensorTrainLayer):
    """The default schedule."""

    def encode_cores(self, arithmetic: Arithmetic[T], cores: list[Reals]) -> Factors[T]:
        return contract_sides(arithmetic, self, cores, Role.WEIGHT)

    def multiply(self, arithmetic: Arithmetic[T], weight: Factors[T], x: T) -> tuple[T, T]:
        z = arithmetic.gemm(f"{self.name}.intermediate", x, weight.input_side.factor, Role.INTERMEDIATE)
        factor = weight.output_side.factor
        return arithmetic.gemm(f"{self.name}.forward", z, factor, Role.ELEMENTWISE, b_transposed=True), z

    def multiply_backward(
        self, arithmetic: Arithmetic[T], weight: Factors[T], x: T, kept: T, g: T, *, inputs: bool
    ) -> tuple[Pairs[T], T | None]:
        dz = arithmetic.gemm(f"{self.name}.intermediate_gradient", g, weight.output_side.factor, Role.GRADIENT)
        pairs = {f"{self.name}.output_side": (g, kept), f"{self.name}.input_side": (x, dz)}
        if not inputs:
            return pairs, None
        factor = weight.input_side.factor
        return pairs, arithmetic.gemm(f"{self.name}.input_gradient", dz, factor, Role.ELEMENTWISE, b_transposed=True)

    def core_gradients(self, arithmetic: Arithmetic[T], weight: Factors[T], sums: Mapping[str, Reals]) -> list[Reals]:
        return [
            *side_gradients(arithmetic, weight.output_side, sums[f"{self.name}.output_side"]),
            *side_gradients(arithmetic, weight.input_side, sums[f"{self.name}.input_side"]),
        ]
