"""Training of one experiment, step by step, in the arithmetic that it names."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from pinta_hw.spec.experiment import Experiment

from .architecture import make_layers
from .arithmetic import Role, make_arithmetic
from .diagnosis import Watch, first_of
from .estimators import make_estimator
from .estimators.directions import Frame
from .layers import Parameters
from .network import Network
from .optim import learning_rate, make_optimizer
from .problems import Points, make_problem
from .real import Reals
from .step import Step
from .trace import GemmTrace

_DIRECTIONS = 1
"""Tells the random numbers of a step's directions from those of its points."""


@dataclass(frozen=True)
class StepReport:
    """Losses of one step, before its update."""

    step: int
    losses: dict[str, float]
    """Weighted loss of the residual and of each condition."""
    learning_rate: float
    steepest: str
    """Parameter with the largest gradient."""

    @property
    def loss(self) -> float:
        return sum(self.losses.values())


@dataclass(frozen=True)
class TrainingResult:
    """What a training reached."""

    experiment: str
    steps: int
    relative_l2: float
    """Relative L2 error over the test points; NaN where the solution is not known."""
    trivial_l2: float
    """The same of the problem's best trivial predictor."""
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
        layers = make_layers(self.problem.dimensions, experiment.network)
        estimator = make_estimator(experiment.estimator, self.problem.space)
        self.network = Network(layers, experiment.network.activation, estimator, self.problem.outputs)
        initial = self.network.initial(experiment.training.seed)
        self.optimizer = make_optimizer(experiment.training, initial, self.arithmetic.dtype)
        self.steps_done = 0
        self.nan: str | None = None
        """Where a number was first lost: step, tensor and layer. Sticky."""

    def step(self) -> StepReport:
        """One step: points, forward, residual, backward, update."""
        interior, boundary = self.points(self.steps_done)
        gradients, losses = self.gradients(interior, boundary)
        if self.nan is None and (first_of(gradients) or not np.isfinite(sum(losses.values()))):
            self.nan = self._lost(gradients)
        rate = learning_rate(self.experiment.training, self.steps_done)
        self.optimizer.step(gradients, rate)
        if self.nan is None and (name := first_of(self.optimizer.parameters)):
            self.nan = f"step {self.steps_done}: {name} is not finite after its update"
        steepest = max(gradients, key=lambda name: float(np.abs(gradients[name]).max()))
        report = StepReport(self.steps_done, losses, rate, steepest)
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
        """Gradients of the loss and the losses."""
        frame = self.frame(self.steps_done)
        gradients, losses = self.in_step.gradients(self.optimizer.parameters, interior, boundary, frame)
        return gradients, {name: float(loss) for name, loss in losses.items()}

    @property
    def in_step(self) -> Step[Any]:
        """What a step computes."""
        return Step(self.network, self.problem, self.arithmetic, self.experiment.training)

    def frame(self, step: int) -> Frame:
        """Directions of a step at the interior points."""
        training = self.experiment.training
        rng = np.random.default_rng([training.seed, step, _DIRECTIONS])
        return self.network.estimator.directions.draw(rng, training.interior)

    def evaluations(self) -> int:
        """Rows through the network in one step's forward pass."""
        training, outputs, estimator = self.experiment.training, self.problem.outputs, self.network.estimator
        directions = estimator.directions.count + ("time" in outputs)
        rows = 1 + directions * estimator.rows_a_direction + (estimator.laplacian_row and "laplacian" in outputs)
        return training.interior * rows + training.boundary * (len(self.problem.loss) - 1)

    def relative_l2(self, count: int | None = None) -> float:
        """Relative L2 error over the test points, or ``count`` points; NaN where the solution is not known."""
        points = self._test_points(count)
        return self._relative(self.predict(points), points)

    def trivial_l2(self, count: int | None = None) -> dict[str, float]:
        """Relative L2 errors of the problem's trivial predictors, by name."""
        points = self._test_points(count)
        return {name: self._relative(values, points) for name, values in self.problem.trivial(points).items()}

    def predict(self, points: Points) -> Reals:
        """The solution's values at points of shape (N, D): shape (N, 1)."""
        tensors = self.network.encode(self.arithmetic, self.optimizer.parameters)
        return self.problem.solution(self.network.evaluate(self.arithmetic, tensors, points), points)

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
            trivial_l2=min(self.trivial_l2().values(), default=float("nan")),
            final_loss=report.loss if report else float("nan"),
        )

    def _lost(self, gradients: Parameters) -> str:
        """Compute the step again and see where it loses a number."""
        where = f"step {self.steps_done}"
        if name := first_of(self.optimizer.parameters):
            return f"{where}: {name} is not finite before the step"
        arithmetic, watch = self.arithmetic, Watch(self.arithmetic)
        self.arithmetic = cast(Any, watch)
        try:
            self.gradients(*self.points(self.steps_done))
        finally:
            self.arithmetic = arithmetic
        return f"{where}: {watch.log.first or first_of(gradients) or 'the loss'} is not finite"

    def _as_seen(self, points: Points) -> Points:
        return self.arithmetic.decode(self.arithmetic.encode(points, Role.INPUT)).astype(np.float64)

    def _test_points(self, count: int | None = None) -> Points:
        given = self.experiment.training.test_points
        return self.problem.test_points(count or given)

    def _relative(self, predicted: Reals, points: Points) -> float:
        exact = self.problem.exact(points)
        return float("nan") if exact is None else float(np.linalg.norm(predicted - exact) / np.linalg.norm(exact))
