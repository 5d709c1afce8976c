"""Training of one experiment, step by step, in the arithmetic that it names."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pinta_hw.spec.experiment import Experiment

from .arithmetic import Role, make_arithmetic
from .estimators import make_estimator
from .layers import Dense, Parameters
from .network import Network
from .optim import Adam
from .problems import Points, make_problem
from .real import Reals, flush, rounded, run_program
from .trace import GemmTrace


@dataclass(frozen=True)
class StepReport:
    """Losses of one step, before its update; float64 sums of the real residuals, for reports only."""

    step: int
    losses: dict[str, float]
    """Weighted loss of each plane that the residual takes."""

    @property
    def loss(self) -> float:
        return sum(self.losses.values())


@dataclass(frozen=True)
class TrainingResult:
    """What a training reached."""

    experiment: str
    steps: int
    relative_l2: float
    """Relative L2 error over the test points."""
    trivial_l2: float
    """The same of the problem's trivial predictor."""
    final_loss: float


class Trainer:
    """The state of a training.

    Parameters
    ----------
    experiment : Experiment
        What to train; the accelerator that it names makes no difference here.
    on_gemm : callable, optional
        Told of every matrix product in SMX.
    """

    def __init__(self, experiment: Experiment, on_gemm: Callable[[GemmTrace], None] | None = None) -> None:
        self.experiment = experiment
        self.problem = make_problem(experiment.problem)
        self.arithmetic = make_arithmetic(experiment.precision, on_gemm)
        widths = [self.problem.dimensions, *experiment.network.hidden, 1]
        layers = [Dense(f"layer{i}", n, m) for i, (n, m) in enumerate(zip(widths[:-1], widths[1:], strict=True))]
        estimator = make_estimator(experiment.estimator, self.problem.space)
        self.network = Network(layers, experiment.network.activation, estimator, self.problem.outputs)
        self.optimizer = Adam(self.network.initial(experiment.training.seed), self.arithmetic.dtype)
        self.steps_done = 0

    def step(self) -> StepReport:
        """One step: points, forward, residual, backward, update."""
        training = self.experiment.training
        interior, boundary = self.points(self.steps_done)
        gradients, losses = self.gradients(interior, boundary)
        remaining = 1 - self.steps_done / training.steps if training.decay == "linear" else 1.0
        self.optimizer.step(gradients, training.learning_rate * remaining)
        report = StepReport(self.steps_done, losses)
        self.steps_done += 1
        return report

    def points(self, step: int) -> tuple[Points, Points]:
        """Interior and boundary points of a step, as the network sees them: quantized as its inputs are."""
        training = self.experiment.training
        rng = np.random.default_rng([training.seed, step])
        planes = self.problem.sample(rng, training.interior, training.boundary)
        interior, boundary = (self._as_seen(points) for points in planes)
        return interior, boundary

    def gradients(self, interior: Points, boundary: Points) -> tuple[Parameters, dict[str, float]]:
        """Gradients of the loss and the losses, micro-batch by micro-batch in ascending order."""
        size = self.experiment.training.micro_batch
        tensors = self.network.encode(self.arithmetic, self.optimizer.parameters)
        scales = self._scales({"laplacian": len(interior), "base": len(interior), "boundary": len(boundary)})
        last = self.network.at(self.arithmetic, len(self.network.layers) - 1)
        total: dict[str, Reals] = {}
        losses = {term.plane: 0.0 for term in self.problem.loss}
        for start in range(0, max(len(interior), len(boundary)), size):
            some = interior[start : start + size], boundary[start : start + size]
            x = self.network.estimator.inputs(self.arithmetic, *some)
            outputs, kept = self.network.forward(self.arithmetic, tensors, x)
            registers = self._residual(outputs, *some, scales)
            g = {
                plane: last.encode(registers[f"gradient_{plane}"], Role.GRADIENT)
                for plane in outputs
                if f"gradient_{plane}" in registers
            }
            part = self.network.backward(self.arithmetic, tensors, kept, g)
            for name, value in part.items():
                total[name] = flush(total[name] + value) if name in total else value
            for term in self.problem.loss:
                residual = registers[term.residual].astype(np.float64)
                losses[term.plane] += float(np.sum(residual**2) * np.float64(scales[term.scale]) / 2)
        return self.network.collect(self.arithmetic, tensors, total), losses

    def relative_l2(self) -> float:
        """Relative L2 error over the test points."""
        return self._relative(self.predict(self._test_points()))

    def trivial_l2(self) -> float:
        """Relative L2 error of the problem's trivial predictor."""
        return self._relative(self.problem.trivial(self._test_points()))

    def predict(self, points: Points) -> Reals:
        """The network's values at points of shape (N, D): shape (N, 1)."""
        tensors = self.network.encode(self.arithmetic, self.optimizer.parameters)
        return self.network.evaluate(self.arithmetic, tensors, points)

    def run(self, progress: Callable[[StepReport], None] = lambda _: None) -> TrainingResult:
        """All remaining steps."""
        report = None
        while self.steps_done < self.experiment.training.steps:
            report = self.step()
            progress(report)
        return TrainingResult(
            experiment=self.experiment.name,
            steps=self.steps_done,
            relative_l2=self.relative_l2(),
            trivial_l2=self.trivial_l2(),
            final_loss=report.loss if report else float("nan"),
        )

    def _residual(self, outputs: Any, interior: Points, boundary: Points, scales: dict[str, Reals]) -> dict[str, Reals]:
        dtype = self.arithmetic.dtype
        constants = self.problem.constants(interior, boundary)
        inputs = {name: rounded(value, dtype) for name, value in constants.items()}
        inputs |= {plane: self.arithmetic.decode(tensor) for plane, tensor in outputs.items()}
        return run_program(self.problem.program, inputs | scales)

    def _scales(self, counts: dict[str, int]) -> dict[str, Reals]:
        dtype = self.arithmetic.dtype
        return {term.scale: np.asarray(2 * term.weight / counts[term.plane], dtype) for term in self.problem.loss}

    def _as_seen(self, points: Points) -> Points:
        return self.arithmetic.decode(self.arithmetic.encode(points, Role.INPUT)).astype(np.float64)

    def _test_points(self) -> Points:
        return self.problem.test_points(self.experiment.training.test_points)

    def _relative(self, predicted: Reals) -> float:
        exact = self.problem.exact(self._test_points())
        return float(np.linalg.norm(predicted - exact) / np.linalg.norm(exact))
