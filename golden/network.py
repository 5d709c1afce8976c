"""A network of layers and activations; `golden.differentiation` takes points through it and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from .arithmetic import Arithmetic, Role
from .estimators import Estimator
from .layers import Layer, Parameters
from .real import Reals

T = TypeVar("T")


@dataclass(frozen=True)
class Network:
    """Layers with an activation after each but the last.

    Parameters
    ----------
    layers : sequence of Layer
        In the order of the forward pass.
    activation : str
        ``tanh``, ``sin`` or ``gelu``.
    estimator : Estimator
        Of the derivatives.
    outputs : set of str
        What the problem takes of it: of ``base`` (its value), ``direction`` (the gradient over space), ``time`` (the
        derivative by time), ``laplacian`` (over space) and ``boundary`` (values at the boundary points).
    """

    layers: Sequence[Layer]
    activation: str
    estimator: Estimator
    outputs: frozenset[str]

    def initial(self, seed: int) -> Parameters:
        """Parameters in float64, layer after layer from one random sequence."""
        rng = np.random.default_rng(seed)
        parameters: Parameters = {}
        for layer in self.layers:
            parameters |= layer.initial(rng)
        return parameters

    def at(self, arithmetic: Arithmetic[T], index: int) -> Arithmetic[T]:
        """The arithmetic of a layer: of its operands in the forward pass and of the gradients of its outputs."""
        return arithmetic.for_layer(index, len(self.layers))

    def encode(self, arithmetic: Arithmetic[T], parameters: Mapping[str, Reals]) -> list[Any]:
        """Master weights to the tensors of one step."""
        return [layer.encode(self.at(arithmetic, i), parameters) for i, layer in enumerate(self.layers)]

    def collect(self, arithmetic: Arithmetic[T], tensors: Sequence[Any], sums: Mapping[str, Reals]) -> Parameters:
        """Gradients of all parameters from the sums of a whole step."""
        parameters: Parameters = {}
        for index, (layer, tensor) in enumerate(zip(self.layers, tensors, strict=True)):
            own = {name: value for name, value in sums.items() if name.rpartition(".")[0] == layer.name}
            parameters |= layer.collect(self.at(arithmetic, index), tensor, own)
        return parameters

    def evaluate(self, arithmetic: Arithmetic[T], tensors: Sequence[Any], points: npt.NDArray[np.float64]) -> Reals:
        """The network's values at points of shape (N, D): shape (N, 1)."""
        x = arithmetic.encode(points, Role.INPUT)
        for i, (layer, tensor) in enumerate(zip(self.layers[:-1], tensors[:-1], strict=True)):
            y, _ = layer.forward(self.at(arithmetic, i), tensor, {"base": x})
            x = self.at(arithmetic, i + 1).activate(self.activation, 0, y["base"], Role.ACTIVATION)
        last = self.at(arithmetic, len(self.layers) - 1)
        return arithmetic.decode(self.layers[-1].forward(last, tensors[-1], {"base": x})[0]["base"])
