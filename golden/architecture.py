"""The layers that an experiment's network section describes."""

from pinta_hw.spec import experiment
from pinta_hw.spec.tensor_train import TensorTrain

from .layers import Dense, Layer
from .tt import SCHEDULES, TrainShape, balanced_modes, largest_ranks


def make_layers(coordinates: int, network: experiment.Network) -> list[Layer]:
    """Hidden layers, dense or tensor trains, and a dense last one.

    Parameters
    ----------
    coordinates : int
        Columns of the first layer's input.
    network : Network
        The section of the experiment.

    Raises
    ------
    UserError
        If the first layer's column modes do not multiply to ``coordinates``.
    """
    widths = [coordinates, *network.hidden, 1]
    layers: list[Layer] = [
        Dense(f"layer{i}", inputs, outputs)
        for i, (inputs, outputs) in enumerate(zip(widths[:-1], widths[1:], strict=True))
    ]
    if network.tt is None:
        return layers
    network.tt.check_inputs(coordinates)
    kind = SCHEDULES[network.tt.schedule]
    for i, layer in enumerate(layers[:-1]):
        if not network.tt.layer(i).dense:
            layers[i] = kind(layer.name, train_shape(layer.outputs, layer.inputs, network.tt, i))
    return layers


def train_shape(outputs: int, inputs: int, settings: TensorTrain, index: int) -> TrainShape:
    """Modes and ranks of hidden layer ``index``; where none are given, large modes lie at the ends of the train."""
    own, rank = settings.layer(index), settings.rank_of(index)
    rows = own.row_modes or balanced_modes(outputs, settings.modes)[::-1]
    columns = own.column_modes or balanced_modes(inputs, settings.modes)
    return TrainShape(rows, columns, rank if isinstance(rank, tuple) else largest_ranks(rows, columns, rank))
