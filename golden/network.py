"""A network of layers and activations, carried forward and backward by an estimator's rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from .arithmetic import Arithmetic, Role
from .estimators import Estimator
from .layers import Layer, Parameters, Planes
from .real import Reals

T = TypeVar("T")


@dataclass(frozen=True)
class Kept(Generic[T]):
    """What the backward pass needs of one layer: inputs, outputs, and what layer and estimator add."""

    x: Planes[T]
    y: Planes[T]
    inner: Any
    extra: T | None


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
        Planes that the problem takes from the last layer; the others end before it. ``direction`` means all of them.
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

    def forward(
        self, arithmetic: Arithmetic[T], tensors: Sequence[Any], x: Planes[T]
    ) -> tuple[Planes[T], list[Kept[T]]]:
        """Planes of the output, and what `backward` needs."""
        kept = []
        for i, (layer, tensor) in enumerate(zip(self.layers[:-1], tensors[:-1], strict=True)):
            y, inner = layer.forward(self.at(arithmetic, i), tensor, x)
            after, extra = self.estimator.activate(self.at(arithmetic, i + 1), self.activation, y)
            kept.append(Kept(x, y, inner, extra))
            x = after
        x = {plane: x[plane] for plane in x if plane.rstrip("0123456789") in self.outputs}
        y, inner = self.layers[-1].forward(self.at(arithmetic, len(self.layers) - 1), tensors[-1], x)
        return y, [*kept, Kept(x, y, inner, None)]

    def backward(
        self,
        arithmetic: Arithmetic[T],
        tensors: Sequence[Any],
        kept: Sequence[Kept[T]],
        gradients: Planes[T],
    ) -> Parameters:
        """From gradients of the output, this micro-batch's sums for `collect`.

        A plane may be absent where its gradient is zero.
        """
        sums: dict[str, Any] = {}
        g = gradients
        for index in reversed(range(len(self.layers))):
            layer, own = self.layers[index], kept[index]
            part, after = layer.backward(
                self.at(arithmetic, index), tensors[index], own.x, own.inner, g, inputs=index > 0
            )
            sums |= part
            if index > 0:
                before = kept[index - 1]
                below = self.at(arithmetic, index - 1)
                g = self.estimator.activate_backward(below, self.activation, before.y, before.extra, after)
        return sums

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
