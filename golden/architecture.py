"""The layers that an experiment's network section describes."""

from pinta_hw.spec import experiment
from pinta_hw.spec.train_shape import train_shape

from .layers import Dense, Layer
from .tt import SCHEDULES


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
