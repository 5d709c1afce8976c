"""Operands of matrix products as training really has them."""

from pinta_hw.spec.experiment import Experiment

from ..trace import GemmTrace
from ..train import Trainer
from .accumulator_error import Operands

LAYER = "layer1"
"""The first hidden-to-hidden layer."""


def training_operands(experiment: Experiment, steps: int) -> tuple[Operands, ...]:
    """Operands of one layer's three products in the step after ``steps``, at the full width of SMX-16.

    Parameters
    ----------
    experiment : Experiment
        Its precisions are replaced; it has at least two hidden layers.
    steps : int
        Steps to train first.
    """
    wide = {"arithmetic": "smx", "inputs": 16, "activations": 16, "weights": 16, "gradients": 16}
    precision = experiment.precision.model_copy(update=wide)
    traces: list[GemmTrace] = []
    trainer = Trainer(experiment.model_copy(update={"precision": precision}), traces.append)
    for _ in range(steps + 1):
        traces.clear()
        trainer.step()
    return tuple(_largest(traces, product) for product in ("forward", "input_gradient", "weight_gradient"))


def _largest(traces: list[GemmTrace], product: str) -> Operands:
    """The largest of a product's parts: base rows, chunks of directions and Laplacian rows are multiplied apart."""
    parts = [trace for trace in traces if trace.name == f"{LAYER}.{product}"]
    trace = max(parts, key=lambda part: part.a.mantissas.size)
    return Operands(
        f"training: {product.replace('_', ' ')}",
        (trace.a.T if trace.a_transposed else trace.a).dequantize(),
        (trace.b.T if trace.b_transposed else trace.b).dequantize(),
    )
