"""Tensor-train layers: ``y = x W^T + b`` with W, shape (M, N), in cores; what the schedules share.

The master weights are the cores, in the order of the train; a schedule says how a step multiplies with them.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ..arithmetic import Arithmetic, Role
from ..layers import Pairs, Parameters, Planes, add_bias, bias_pair, named
from ..real import Reals
from .shape import TrainShape, random_cores

T = TypeVar("T")


@dataclass(frozen=True)
class TensorTrainLayer(ABC):
    """A linear layer whose weight is a tensor train.

    Parameters
    ----------
    name : str
        Of the layer.
    shape : TrainShape
        Row modes make the outputs, column modes the inputs.
    """

    name: str
    shape: TrainShape

    @property
    def inputs(self) -> int:
        return self.shape.columns

    @property
    def outputs(self) -> int:
        return self.shape.rows

    def initial(self, rng: np.random.Generator) -> Parameters:
        """Orthogonal cores, for which the weight has the mean square of a dense layer's, and the biases of one."""
        cores = random_cores(self.shape, rng, 1 / (3 * self.inputs))
        limit = 1 / np.sqrt(self.inputs)
        return self.parameters_of(cores) | {f"{self.name}.bias": rng.uniform(-limit, limit, (1, self.outputs))}

    def parameters_of(self, cores: list[Any]) -> Parameters:
        """The cores, or what belongs to each, under the names of the parameters."""
        return {f"{self.name}.core{k}": core for k, core in enumerate(cores, start=1)}

    def cores_of(self, parameters: Mapping[str, Reals]) -> list[Reals]:
        """The cores among the parameters, in the order of the train."""
        return [parameters[f"{self.name}.core{k + 1}"] for k in range(len(self.shape.cores))]

    def encode(self, arithmetic: Arithmetic[T], parameters: Mapping[str, Reals]) -> Any:
        """What a step multiplies with, and the bias."""
        bias = arithmetic.encode(parameters[f"{self.name}.bias"], Role.ELEMENTWISE)
        return self.encode_cores(arithmetic, self.cores_of(parameters)), bias

    def forward(self, arithmetic: Arithmetic[T], tensors: Any, x: Planes[T]) -> tuple[Planes[T], Any]:
        weight, bias = tensors
        product, kept = self.multiply(arithmetic, weight, arithmetic.stack(list(x.values())))
        return add_bias(arithmetic, named(arithmetic, x, product), bias), kept

    def backward(
        self, arithmetic: Arithmetic[T], tensors: Any, x: Planes[T], kept: Any, g: Planes[T], *, inputs: bool
    ) -> tuple[Pairs[T], Planes[T]]:
        # A plane without a gradient takes zeros: all planes of x lie in the kept products.
        whole = {
            plane: g[plane]
            if plane in g
            else arithmetic.encode(np.zeros((arithmetic.shape(value)[0], self.outputs)), Role.GRADIENT)
            for plane, value in x.items()
        }
        rows = arithmetic.stack(list(x.values())), arithmetic.stack(list(whole.values()))
        pairs, product = self.multiply_backward(arithmetic, tensors[0], rows[0], kept, rows[1], inputs=inputs)
        pairs |= bias_pair(arithmetic, self.name, g)
        if product is None:
            return pairs, {}
        after = named(arithmetic, whole, product)
        return pairs, {plane: after[plane] for plane in g}

    def collect(self, arithmetic: Arithmetic[T], tensors: Any, sums: Mapping[str, Reals]) -> Parameters:
        cores = self.core_gradients(arithmetic, tensors[0], sums)
        bias = sums.get(f"{self.name}.bias", np.zeros((1, self.outputs), arithmetic.dtype))
        return self.parameters_of(cores) | {f"{self.name}.bias": bias}

    @abstractmethod
    def encode_cores(self, arithmetic: Arithmetic[T], cores: list[Reals]) -> Any:
        """What a step multiplies with."""

    @abstractmethod
    def multiply(self, arithmetic: Arithmetic[T], weight: Any, x: T) -> tuple[T, Any]:
        """``x W^T`` for stacked rows, in elementwise precision, and what the backward rule needs."""

    @abstractmethod
    def multiply_backward(
        self, arithmetic: Arithmetic[T], weight: Any, x: T, kept: Any, g: T, *, inputs: bool
    ) -> tuple[Pairs[T], Any]:
        """What is contracted to the sums for `core_gradients`, and ``g W`` or, without ``inputs``, None."""

    @abstractmethod
    def core_gradients(self, arithmetic: Arithmetic[T], weight: Any, sums: Mapping[str, Reals]) -> list[Reals]:
        """Gradients of the cores, in the order of the train, from the sums of a step."""
