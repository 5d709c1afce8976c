"""Training by automatic differentiation: same points, initial weights, residual and optimizer, other gradients."""

from collections.abc import Callable
from typing import Any

from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment, Jet, Network, Precision

from ..layers import Parameters
from ..problems import Points
from ..train import Trainer

METHODS = ("ad", "forward-laplacian")
"""Nested reverse mode, and the forward Laplacian differentiated in reverse."""


class BaselineTrainer(Trainer):
    """Trains a dense network of the experiment's sizes in FP32, or in FP64 where the experiment says so.

    JAX is imported when the first gradient is taken: what is trained can be evaluated without it.

    Parameters
    ----------
    experiment : Experiment
        Its estimator, layers and mantissa bits make no difference.
    method : str
        One of `METHODS`.
    """

    def __init__(self, experiment: Experiment, method: str) -> None:
        wide = experiment.precision.arithmetic == "fp64"
        network = experiment.network
        changes = {
            "precision": Precision(arithmetic="fp64" if wide else "fp32"),
            "network": Network(hidden=network.hidden, activation=network.activation),
            "estimator": Jet(name="jet"),
        }
        super().__init__(experiment.model_copy(update=changes))
        self.method = method
        self._differentiated: Callable[..., Any] | None = None

    def gradients(self, interior: Points, boundary: Points) -> tuple[Parameters, dict[str, float]]:
        if self._differentiated is None:
            try:
                from .differentiation import differentiated
            except ImportError as error:
                raise UserError("baseline: needs JAX; allowed: after pip install 'pinta[baseline]'") from error
            self._differentiated = differentiated(self.problem, self.network, self.method, self.arithmetic.dtype)
        dtype = self.arithmetic.dtype
        points = interior.astype(dtype), boundary.astype(dtype)
        inside, outside = self.in_step.constants(interior, boundary)
        gradients, residuals = self._differentiated(self.optimizer.parameters, *points, inside | outside)
        return gradients, {name: float(loss) for name, loss in self.in_step.losses(residuals).items()}

    def evaluations(self) -> int:
        """Points a step: automatic differentiation has no rows."""
        training = self.experiment.training
        return training.interior + training.boundary * (len(self.problem.loss) - 1)
