"""How fast the golden models run, each beside a reference measured in turns with it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from pinta_hw.spec.experiment import Experiment, Precision
from pinta_hw.spec.tensor_train import TensorTrain

from .. import quantize_reference
from ..gemm import gemm
from ..quantize import quantize
from ..train import Trainer

SIDE = 1024
REPETITIONS = 5


@dataclass(frozen=True)
class Speed:
    """The fastest of some repetitions, in seconds."""

    name: str
    seconds: float
    target_seconds: float | None
    """Where the target is a time."""
    beside: str
    """The reference."""
    beside_seconds: float
    target_ratio: float | None
    """Where the target is a multiple of the reference's time."""

    @property
    def ratio(self) -> float:
        return self.seconds / self.beside_seconds

    @property
    def met(self) -> bool:
        """Whether the target is met."""
        in_time = self.target_seconds is None or self.seconds <= self.target_seconds
        return in_time and (self.target_ratio is None or self.ratio <= self.target_ratio)


def run(experiment: Experiment, progress: Callable[[str], None] = lambda _: None) -> Iterator[Speed]:
    """Quantization, a matrix product and a training step.

    Parameters
    ----------
    experiment : Experiment
        Whose step is measured, as tensor trains of rank 8.
    progress : callable
        Told what comes next.
    """
    rng = np.random.default_rng(0)
    values = rng.standard_normal((SIDE, SIDE))
    progress("quantize")
    seconds = _in_turns(lambda: quantize(values, 8), lambda: quantize_reference.quantize(values, 8))
    yield Speed(f"quantize {SIDE} x {SIDE} in 4 x 4 blocks, SMX-8", seconds[0], 0.012, "plain NumPy", seconds[1], None)

    progress("product")
    a, b = values.astype(np.float32), rng.standard_normal((SIDE, SIDE)).astype(np.float32)
    for bits in (8, 12):
        x, y = quantize(a, bits), quantize(b, 8)
        seconds = _in_turns(lambda x=x, y=y: gemm(x, y, 8), lambda: a @ b)  # type: ignore[misc]
        name = f"product of {SIDE} x {SIDE} matrices, SMX-{bits} x SMX-8, bit-exact"
        yield Speed(name, seconds[0], 1.0, "FP32 NumPy", seconds[1], None)

    progress("step")
    network = experiment.network.model_copy(update={"tt": TensorTrain(rank=8, modes=4, schedule="prs")})
    trainers = [
        Trainer(experiment.model_copy(update={"network": network, "precision": precision}))
        for precision in (Precision(), Precision(arithmetic="fp32"))
    ]
    seconds = _in_turns(trainers[0].step, trainers[1].step)
    name = f"jet step of {experiment.name}, {experiment.training.interior} points, tensor trains of rank 8"
    yield Speed(name, seconds[0], None, "the same in FP32 NumPy", seconds[1], 4.0)


def _in_turns(*calls: Callable[[], object]) -> list[float]:
    """The fastest of some repetitions of each, after one that compiles; in turns, so that load meets all alike."""
    for call in calls:
        call()
    best = [float("inf")] * len(calls)
    for _ in range(REPETITIONS):
        for index, call in enumerate(calls):
            start = time.perf_counter()
            call()
            best[index] = min(best[index], time.perf_counter() - start)
    return best
