"""An experiment's sizes, as the models of baselines take them."""

from golden.problems import make_problem
from pinta_hw.spec.experiment import Experiment
from pinta_hw.spec.train_shape import train_shape
from sim.baselines.network import Layer, Sizes


def sizes_of(experiment: Experiment) -> Sizes:
    """Network, batch, and what the residual takes, from the golden problem."""
    problem, network = make_problem(experiment.problem), experiment.network
    widths = [problem.dimensions, *network.hidden, 1]
    layers = []
    for index, (inputs, outputs) in enumerate(zip(widths[:-1], widths[1:], strict=True)):
        train = None
        if network.tt is not None and index < len(network.hidden) and not network.tt.layer(index).dense:
            train = train_shape(outputs, inputs, network.tt, index)
        layers.append(Layer(inputs, outputs, train))
    return Sizes(
        experiment.name,
        tuple(layers),
        network.activation,
        problem.space,
        experiment.training.interior,
        experiment.training.boundary * (len(problem.loss) - 1),
        bool(problem.outputs & {"direction", "time"}),
    )
