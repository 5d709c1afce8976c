"""Sizes of a training step that decide how much work it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from pinta_hw.spec.train_shape import TrainShape


def middle_rank(train: TrainShape) -> int:
    """Rank between the two factors of the schedule ``prs``."""
    return train.ranks[len(train.row_modes) - 1]


def contraction_macs(train: TrainShape) -> int:
    """Multiply-adds that give both factors from the cores."""
    middle = len(train.row_modes)
    output_side = _chain_macs(train.row_modes, train.ranks[:middle])
    return output_side + _chain_macs(train.column_modes[::-1], train.ranks[middle - 1 :][::-1])


def _chain_macs(modes: Sequence[int], ranks: Sequence[int]) -> int:
    """A side from its outer end inwards; its first core costs nothing."""
    return sum(prod(modes[:k]) * ranks[k - 1] * modes[k] * ranks[k] for k in range(1, len(modes)))


@dataclass(frozen=True)
class Layer:
    """A linear layer with a bias, dense where it has no train."""

    inputs: int
    outputs: int
    train: TrainShape | None = None

    @property
    def macs(self) -> int:
        """Multiply-adds of one row."""
        if self.train is None:
            return self.inputs * self.outputs
        return middle_rank(self.train) * (self.inputs + self.outputs)

    @property
    def weights(self) -> int:
        """Parameters without the bias."""
        return self.inputs * self.outputs if self.train is None else self.train.parameters


@dataclass(frozen=True)
class Sizes:
    """Network, batch, and what the residual takes from the network.

    Parameters
    ----------
    name : str
        Of the experiment.
    layers : tuple of Layer
        The last one gives the solution; behind each other one is an activation function.
    activation : str
        ``tanh``, ``sin`` or ``gelu``.
    space : int
        Coordinates over which the Laplacian is taken.
    interior, boundary : int
        Points of the residual, and of all conditions together.
    slopes : bool
        Whether the residual takes first derivatives: a gradient, or one by time.
    """

    name: str
    layers: tuple[Layer, ...]
    activation: str
    space: int
    interior: int
    boundary: int
    slopes: bool

    @property
    def coordinates(self) -> int:
        """Inputs of the network."""
        return self.layers[0].inputs

    @property
    def hidden(self) -> tuple[int, ...]:
        """Widths of the hidden layers."""
        return tuple(layer.outputs for layer in self.layers[:-1])

    @property
    def parameters(self) -> int:
        """Trained numbers."""
        return sum(layer.weights + layer.outputs for layer in self.layers)

    @property
    def largest_layer(self) -> int:
        """Weights of the largest layer."""
        return max(layer.weights for layer in self.layers)

    def dense(self) -> "Sizes":
        """The same with dense layers."""
        layers = tuple(Layer(layer.inputs, layer.outputs) for layer in self.layers)
        return Sizes(self.name, layers, self.activation, self.space, self.interior, self.boundary, self.slopes)
