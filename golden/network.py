"""A network of layers and activations, carried forward and backward by an estimator's rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from .arithmetic import Arithmetic, Role
from .estimators import Estimator
from .layers import Dense, DenseTensors, Parameters, Planes
from .real import Reals

T = TypeVar("T")


@dataclass(frozen=True)
class Kept(Generic[T]):
    """What the backward pass needs of one layer: inputs, outputs, and what the estimator adds."""

    x: Planes[T]
    y: Planes[T]
    extra: T | None


@dataclass(frozen=True)
class Network:
    """Layers with an activation after each but the last.

    Parameters
    ----------
    layers : sequence of Dense
        In the order of the forward pass.
    activation : str
        ``tanh``, ``sin`` or ``gelu``.
    estimator : Estimator
        Of the derivatives.
    outputs : set of str
        Planes that the problem takes from the last layer; the others end before it. ``direction`` means all of them.
    """

    layers: Sequence[Dense]
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

    def encode(self, arithmetic: Arithmetic[T], parameters: Mapping[str, Reals]) -> list[DenseTensors[T]]:
        """Master weights to the tensors of one step."""
        return [layer.encode(arithmetic, parameters) for layer in self.layers]

    def forward(
        self, arithmetic: Arithmetic[T], tensors: Sequence[DenseTensors[T]], x: Planes[T]
    ) -> tuple[Planes[T], list[Kept[T]]]:
        """Planes of the output, and what `backward` needs."""
        kept = []
        for layer, tensor in zip(self.layers[:-1], tensors[:-1], strict=True):
            y = layer.forward(arithmetic, tensor, x)
            after, extra = self.estimator.activate(arithmetic, self.activation, y)
            kept.append(Kept(x, y, extra))
            x = after
        x = {plane: x[plane] for plane in x if plane.rstrip("0123456789") in self.outputs}
        y = self.layers[-1].forward(arithmetic, tensors[-1], x)
        return y, [*kept, Kept(x, y, None)]

    def backward(
        self,
        arithmetic: Arithmetic[T],
        tensors: Sequence[DenseTensors[T]],
        kept: Sequence[Kept[T]],
        gradients: Planes[T],
    ) -> Parameters:
        """Gradients of all parameters from those of the output; a plane may be absent where its gradient is zero."""
        parameters: dict[str, Any] = {}
        g = gradients
        for index in reversed(range(len(self.layers))):
            layer = self.layers[index]
            parameters |= layer.backward_parameters(arithmetic, kept[index].x, g)
            if index > 0:
                after = layer.backward_inputs(arithmetic, tensors[index], g)
                before = kept[index - 1]
                g = self.estimator.activate_backward(arithmetic, self.activation, before.y, before.extra, after)
        return parameters

    def evaluate(
        self, arithmetic: Arithmetic[T], tensors: Sequence[DenseTensors[T]], points: npt.NDArray[np.float64]
    ) -> Reals:
        """The network's values at points of shape (N, D): shape (N, 1)."""
        x = arithmetic.encode(points, Role.INPUT)
        for layer, tensor in zip(self.layers[:-1], tensors[:-1], strict=True):
            y = layer.forward(arithmetic, tensor, {"base": x})["base"]
            x = arithmetic.activate(self.activation, 0, y, Role.ACTIVATION)
        return arithmetic.decode(self.layers[-1].forward(arithmetic, tensors[-1], {"base": x})["base"])
