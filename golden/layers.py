"""Layers: linear maps with explicit forward and backward rules on planes of rows.

A *plane* is a matrix of rows of one role (base, a direction, the Laplacian, the boundary); planes are named by it.
A layer maps every plane by the same weights; the bias reaches only the planes of values, not those of derivatives.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from .arithmetic import Arithmetic, Role
from .real import Reals

T = TypeVar("T")

Planes = dict[str, T]
Parameters = dict[str, Reals]
Pairs = dict[str, tuple[T, T]]
"""By the name of a sum, the operands that are contracted over their rows to it."""

_VALUE_PLANES = frozenset({"base", "boundary", "plus", "minus"})


def holds_values(plane: str) -> bool:
    """Whether a plane holds values of the layer, which its bias reaches, rather than derivatives or differences."""
    return plane.rstrip("0123456789") in _VALUE_PLANES


class Layer(Protocol):
    """A linear map with trainable parameters, whose names begin with the layer's."""

    @property
    def name(self) -> str:
        """Prefix of its parameters and of its products in a trace."""

    @property
    def inputs(self) -> int:
        """Columns of x."""

    @property
    def outputs(self) -> int:
        """Columns of y."""

    def initial(self, rng: np.random.Generator) -> Parameters:
        """Initial parameters in float64."""

    def encode(self, arithmetic: Arithmetic[T], parameters: Mapping[str, Reals]) -> Any:
        """Master weights to the tensors of one step."""

    def forward(self, arithmetic: Arithmetic[T], tensors: Any, x: Planes[T]) -> tuple[Planes[T], Any]:
        """Every plane's outputs, and what `backward` needs beside ``x``."""

    def backward(
        self, arithmetic: Arithmetic[T], tensors: Any, x: Planes[T], kept: Any, g: Planes[T], *, inputs: bool
    ) -> tuple[Pairs[T], Planes[T]]:
        """From gradients of the outputs: what is contracted to the sums for `collect`, and gradients of the inputs.

        The latter are absent without ``inputs``. Planes of ``x`` that ``g`` lacks have zero gradients.
        """

    def collect(self, arithmetic: Arithmetic[T], tensors: Any, sums: Mapping[str, Reals]) -> Parameters:
        """Gradients of the parameters from the sums of a step; one that is absent is zero."""


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
        """Weights and biases uniform within ``1 / sqrt(inputs)``, in float64; keys are prefixed by the layer's name."""
        limit = 1 / np.sqrt(self.inputs)
        return {
            f"{self.name}.weight": rng.uniform(-limit, limit, (self.inputs, self.outputs)),
            f"{self.name}.bias": rng.uniform(-limit, limit, (1, self.outputs)),
        }

    def encode(self, arithmetic: Arithmetic[T], parameters: Mapping[str, Reals]) -> DenseTensors[T]:
        """Master weights to the tensors of one step."""
        return DenseTensors(
            arithmetic.encode(parameters[f"{self.name}.weight"], Role.WEIGHT),
            arithmetic.encode(parameters[f"{self.name}.bias"], Role.ELEMENTWISE),
        )

    def forward(self, arithmetic: Arithmetic[T], tensors: DenseTensors[T], x: Planes[T]) -> tuple[Planes[T], None]:
        """Every plane's ``x W``, plus the bias where the plane holds values."""
        stacked = arithmetic.stack(list(x.values()))
        product = arithmetic.gemm(f"{self.name}.forward", stacked, tensors.weight, Role.ELEMENTWISE)
        return add_bias(arithmetic, named(arithmetic, x, product), tensors.bias), None

    def backward(
        self,
        arithmetic: Arithmetic[T],
        tensors: DenseTensors[T],
        x: Planes[T],
        kept: None,
        g: Planes[T],
        *,
        inputs: bool,
    ) -> tuple[Pairs[T], Planes[T]]:
        """Operands of ``x^T g`` over the planes that both have and of the column sums of g, and ``g W^T``."""
        pairs = {f"{self.name}.weight": stacked_pair(arithmetic, x, g), **bias_pair(arithmetic, self.name, g)}
        if not inputs:
            return pairs, {}
        stacked = arithmetic.stack(list(g.values()))
        product = arithmetic.gemm(
            f"{self.name}.input_gradient", stacked, tensors.weight, Role.ELEMENTWISE, b_transposed=True
        )
        return pairs, named(arithmetic, g, product)

    def collect(self, arithmetic: Arithmetic[T], tensors: DenseTensors[T], sums: Mapping[str, Reals]) -> Parameters:
        """The sums are the gradients."""
        zero = {f"{self.name}.bias": np.zeros((1, self.outputs), arithmetic.dtype)}
        return zero | dict(sums)


def named(arithmetic: Arithmetic[T], like: Planes[T], stacked: T) -> Planes[T]:
    """The stacked planes again, under the names and with the rows of ``like``."""
    rows = [arithmetic.shape(plane)[0] for plane in like.values()]
    return dict(zip(like, arithmetic.split(stacked, rows), strict=True))


def stacked_pair(arithmetic: Arithmetic[T], x: Planes[T], g: Planes[T]) -> tuple[T, T]:
    """The planes that both have, stacked in the order of ``g``."""
    shared = [plane for plane in g if plane in x]
    return arithmetic.stack([x[plane] for plane in shared]), arithmetic.stack([g[plane] for plane in shared])


def add_bias(arithmetic: Arithmetic[T], y: Planes[T], bias: T) -> Planes[T]:
    """The planes with the bias, shape (1, outputs), added where they hold values."""
    return {
        plane: arithmetic.add_row(value, bias, Role.ELEMENTWISE) if holds_values(plane) else value
        for plane, value in y.items()
    }


def bias_pair(arithmetic: Arithmetic[T], name: str, g: Planes[T]) -> Pairs[T]:
    """Operands of the column sums, shape (1, outputs), of the planes of values; none if there are no such planes."""
    values = [g[plane] for plane in g if holds_values(plane)]
    if not values:
        return {}
    biased = arithmetic.stack(values)
    ones = arithmetic.encode(np.ones((arithmetic.shape(biased)[0], 1)), Role.GRADIENT)
    return {f"{name}.bias": (ones, biased)}
