"""Schedule ``full``: the weight is rebuilt once a step, and rows meet it as they meet a dense one.

Its two factors stay SMX-16; the weight, shape (N, M) as a dense layer keeps it, is quantized once, from their product.
Backward, dW goes to FP32 and, once a step, to SMX-16; the factors' gradients and those of the cores follow from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..arithmetic import Arithmetic, Role
from ..layers import Pairs
from ..real import Reals
from .chain import side_gradients
from .layer import TensorTrainLayer
from .partial import Factors, contract_sides

T = TypeVar("T")


@dataclass(frozen=True)
class Rebuilt(Generic[T]):
    """The weight, shape (N, M), and the factors it comes from."""

    weight: T
    factors: Factors[T]


@dataclass(frozen=True)
class FullReconstruction(TensorTrainLayer):
    """The reference among the schedules."""

    def encode_cores(self, arithmetic: Arithmetic[T], cores: list[Reals]) -> Rebuilt[T]:
        factors = contract_sides(arithmetic, self, cores, Role.ELEMENTWISE)
        weight = arithmetic.gemm(
            f"{self.name}.weight",
            factors.input_side.factor,
            factors.output_side.factor,
            Role.WEIGHT,
            b_transposed=True,
        )
        return Rebuilt(weight, factors)

    def multiply(self, arithmetic: Arithmetic[T], weight: Rebuilt[T], x: T) -> tuple[T, None]:
        return arithmetic.gemm(f"{self.name}.forward", x, weight.weight, Role.ELEMENTWISE), None

    def multiply_backward(
        self, arithmetic: Arithmetic[T], weight: Rebuilt[T], x: T, kept: None, g: T, *, inputs: bool
    ) -> tuple[Pairs[T], T | None]:
        pairs = {f"{self.name}.weight": (x, g)}
        if not inputs:
            return pairs, None
        return pairs, arithmetic.gemm(
            f"{self.name}.input_gradient", g, weight.weight, Role.ELEMENTWISE, b_transposed=True
        )

    def core_gradients(self, arithmetic: Arithmetic[T], weight: Rebuilt[T], sums: Mapping[str, Reals]) -> list[Reals]:
        output_side, input_side = weight.factors.output_side, weight.factors.input_side
        gradient = arithmetic.encode(sums[f"{self.name}.weight"], Role.ELEMENTWISE)
        of_output = arithmetic.contract(
            f"{self.name}.output_side_gradient", gradient, input_side.factor, a_transposed=True
        )
        of_input = arithmetic.contract(f"{self.name}.input_side_gradient", gradient, output_side.factor)
        return [
            *side_gradients(arithmetic, output_side, of_output),
            *side_gradients(arithmetic, input_side, of_input),
        ]
