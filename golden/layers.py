"""Layers: linear maps with explicit forward and backward rules on planes of rows.

A *plane* is a matrix of rows of one role (base, a direction, the Laplacian, the boundary); planes are named by it.
A layer maps every plane by the same weights; the bias reaches only the planes of values, not those of derivatives.
Another kind of layer offers the same methods.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from .arithmetic import Arithmetic, Role
from .real import Reals

T = TypeVar("T")

Planes = dict[str, T]
Parameters = dict[str, Reals]

VALUE_PLANES = frozenset({"base", "boundary"})


@dataclass(frozen=True)
class DenseTensors(Generic[T]):
    """What a dense layer multiplies and adds in one step."""

    weight: T
    bias: T


@dataclass(frozen=True)
class Dense:
    """``y = x W + b``, W of shape (inputs, outputs)."""

    name: str
    inputs: int
    outputs: int

    def initial(self, rng: np.random.Generator) -> Parameters:
        """Glorot's uniform weights and zero biases, in float64; keys are prefixed by the layer's name."""
        limit = np.sqrt(6.0 / (self.inputs + self.outputs))
        return {
            f"{self.name}.weight": rng.uniform(-limit, limit, (self.inputs, self.outputs)),
            f"{self.name}.bias": np.zeros((1, self.outputs)),
        }

    def encode(self, arithmetic: Arithmetic[T], parameters: Mapping[str, Reals]) -> DenseTensors[T]:
        """Master weights to the tensors of one step."""
        return DenseTensors(
            arithmetic.encode(parameters[f"{self.name}.weight"], Role.WEIGHT),
            arithmetic.encode(parameters[f"{self.name}.bias"], Role.ELEMENTWISE),
        )

    def forward(self, arithmetic: Arithmetic[T], tensors: DenseTensors[T], x: Planes[T]) -> Planes[T]:
        """Every plane's ``x W``, plus the bias where the plane holds values."""
        stacked = arithmetic.stack(list(x.values()))
        product = arithmetic.gemm(f"{self.name}.forward", stacked, tensors.weight, Role.ELEMENTWISE)
        y = _named(arithmetic, x, product)
        for plane in VALUE_PLANES & y.keys():
            y[plane] = arithmetic.add_row(y[plane], tensors.bias, Role.ELEMENTWISE)
        return y

    def backward_inputs(self, arithmetic: Arithmetic[T], tensors: DenseTensors[T], g: Planes[T]) -> Planes[T]:
        """Gradients of the inputs, ``g W^T``, from those of the outputs."""
        stacked = arithmetic.stack(list(g.values()))
        product = arithmetic.gemm(
            f"{self.name}.input_gradient", stacked, tensors.weight, Role.ELEMENTWISE, b_transposed=True
        )
        return _named(arithmetic, g, product)

    def backward_parameters(self, arithmetic: Arithmetic[T], x: Planes[T], g: Planes[T]) -> Parameters:
        """Gradients of the parameters: ``x^T g`` over the planes that both have, and the column sums of g."""
        shared = [plane for plane in g if plane in x]
        weight = arithmetic.contract(
            f"{self.name}.weight_gradient",
            arithmetic.stack([x[plane] for plane in shared]),
            arithmetic.stack([g[plane] for plane in shared]),
            a_transposed=True,
        )
        bias = np.zeros((1, self.outputs), arithmetic.dtype)
        values = [g[plane] for plane in g if plane in VALUE_PLANES]
        if values:
            biased = arithmetic.stack(values)
            ones = arithmetic.encode(np.ones((arithmetic.shape(biased)[0], 1)), Role.GRADIENT)
            bias = arithmetic.contract(f"{self.name}.bias_gradient", ones, biased, a_transposed=True)
        return {f"{self.name}.weight": weight, f"{self.name}.bias": bias}


def _named(arithmetic: Arithmetic[T], like: Planes[T], stacked: T) -> Planes[T]:
    rows = [arithmetic.shape(plane)[0] for plane in like.values()]
    return dict(zip(like, arithmetic.split(stacked, rows), strict=True))
