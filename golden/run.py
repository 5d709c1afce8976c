"""A training in a folder: checkpoints, metrics and the result, resumed bit for bit.

The folder holds ``experiment.json``, ``metrics.jsonl``, ``checkpoint.npz`` (the last good one) and, at the end,
``result.json``.
"""

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment, digest

from . import checkpoint
from .baseline import make_trainer
from .durable import write_whole
from .metrics import Metrics, finite, read
from .train import StepReport, Trainer

EXPERIMENT, CHECKPOINT, METRICS, RESULT = "experiment.json", "checkpoint.npz", "metrics.jsonl", "result.json"
RUNNING_POINTS = 2000
"""Test points of the error while training runs; the result takes all."""
DIVERGED = 1e6
"""A loss this many times the first one is divergence."""


@dataclasses.dataclass(frozen=True)
class RunResult:
    """What a training reached."""

    experiment: str
    digest: str
    baseline: str | None
    steps: int
    seconds: float
    """Of the steps alone, on the machine that ran them."""
    parameters: int
    evaluations: int
    """Rows through the network in one step."""
    final_loss: float
    relative_l2: float
    """Relative L2 error over the test points; NaN where the solution is not known."""
    trivial: str
    """The trivial predictor with the smallest error."""
    trivial_l2: float

    def to_json(self) -> dict[str, Any]:
        """Fields by name; what is not finite becomes None."""
        return {name: finite(value) for name, value in dataclasses.asdict(self).items()}

    @staticmethod
    def from_json(content: dict[str, Any]) -> "RunResult":
        """The result that `to_json` gave."""
        optional = ("final_loss", "relative_l2", "trivial_l2")
        lost = {name: float("nan") for name in optional if content.get(name) is None}
        return RunResult(**{**content, **lost})


class Run:
    """A training and its folder.

    Parameters
    ----------
    experiment : Experiment
        What to train.
    folder : Path
        New, or that of an earlier run of the same experiment.
    resume : bool
        Continue the earlier run; without it, an earlier run is refused.
    baseline : str, optional
        Train with automatic differentiation in FP32 instead: ``ad`` or ``forward-laplacian``.
    interval : int
        Steps between checkpoints: the most that an interruption loses.

    Raises
    ------
    UserError
        If the folder holds something else, or nothing that could be resumed.
    """

    def __init__(
        self, experiment: Experiment, folder: Path, *, resume: bool, baseline: str | None = None, interval: int = 100
    ) -> None:
        if interval < 1:
            raise UserError(f"checkpoint interval: {interval} is not possible; allowed: 1 step or more")
        self.folder, self.baseline, self.interval = folder, baseline, interval
        self.trainer = make_trainer(experiment, baseline)
        self._digest = digest(experiment)
        self._seconds, self._first_loss = 0.0, float("inf")
        self._begin(experiment, resume)
        self._metrics = Metrics(folder / METRICS, self.trainer.steps_done)

    def run(self, progress: Callable[[StepReport, float], None] = lambda report, error: None) -> RunResult:
        """All remaining steps; ``progress`` hears of each, with the last error.

        Raises
        ------
        UserError
            If a tensor is no longer finite or the loss diverges. The last good checkpoint stays.
        """
        trainer, steps, error = self.trainer, self.trainer.experiment.training.steps, float("nan")
        while trainer.steps_done < steps:
            start = time.perf_counter()
            report = trainer.step()
            self._seconds += time.perf_counter() - start
            self._metrics.add(
                step=report.step, loss=report.loss, losses=report.losses, learning_rate=report.learning_rate
            )
            self._refuse_divergence(report)
            if trainer.steps_done % self.interval == 0 or trainer.steps_done == steps:
                error = trainer.relative_l2(min(RUNNING_POINTS, trainer.experiment.training.test_points))
                self._metrics.add(step=trainer.steps_done, relative_l2=error)
                self._metrics.flush()
                self._save()
            progress(report, error)
        return self._finish()

    def _begin(self, experiment: Experiment, resume: bool) -> None:
        content = experiment.model_dump(mode="json")
        described = {"digest": self._digest, "baseline": self.baseline, "experiment": content}
        if (self.folder / EXPERIMENT).is_file():
            if not resume:
                raise UserError(f"out: {self.folder} holds a training; allowed: --resume, or another folder")
            earlier = _described(self.folder)
            if any(earlier[key] != described[key] for key in ("digest", "baseline")):
                raise UserError(f"out: {self.folder} holds another experiment; allowed: the one that it was begun with")
            if (self.folder / CHECKPOINT).is_file():
                self._restore(checkpoint.load(self.folder / CHECKPOINT))
            return
        if resume:
            raise UserError(f"out: {self.folder} holds no training to resume; allowed: the folder of an earlier run")
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise UserError(f"out: {self.folder} exists and is no training; allowed: a new or empty folder")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.folder / EXPERIMENT, lambda stream: stream.write(_text(described)))
        except OSError as error:
            raise UserError(f"out: {self.folder} cannot be written ({error.strerror}); allowed: another") from error

    def _refuse_divergence(self, report: StepReport) -> None:
        if report.step == 0:
            self._first_loss = report.loss
        told = self.trainer.nan
        if told is None and report.loss > DIVERGED * self._first_loss:
            told = (
                f"step {report.step}: the loss is {report.loss:.3g}, {self._first_loss:.3g} at the first step; "
                f"the largest gradient is that of {report.steepest}"
            )
        if told is None:
            return
        self._metrics.flush()
        kept = self.folder / CHECKPOINT
        good = f"{kept} is the last good checkpoint" if kept.is_file() else "there was no checkpoint yet"
        raise UserError(f"{told}; allowed: finite numbers (try a lower learning rate or more bits); {good}")

    def _save(self) -> None:
        own = {"steps": self.trainer.steps_done, "seconds": self._seconds, "first_loss": self._first_loss}
        state = self.trainer.optimizer.state() | {f"run/{name}": np.asarray(value) for name, value in own.items()}
        checkpoint.save(self.folder / CHECKPOINT, state)

    def _restore(self, state: checkpoint.State) -> None:
        self.trainer.optimizer.restore(state)
        self.trainer.steps_done = int(state["run/steps"])
        self._seconds, self._first_loss = float(state["run/seconds"]), float(state["run/first_loss"])

    def _finish(self) -> RunResult:
        path = self.folder / RESULT
        if path.is_file():
            return RunResult.from_json(json.loads(path.read_text(encoding="utf-8")))
        last = next(line for line in reversed(read(self.folder / METRICS)) if "loss" in line)
        trivial = self.trainer.trivial_l2()
        best = min(trivial, key=lambda name: trivial[name], default="")
        result = RunResult(
            experiment=self.trainer.experiment.name,
            digest=self._digest,
            baseline=self.baseline,
            steps=self.trainer.steps_done,
            seconds=self._seconds,
            parameters=sum(value.size for value in self.trainer.optimizer.parameters.values()),
            evaluations=self.trainer.evaluations(),
            final_loss=last["loss"],
            relative_l2=self.trainer.relative_l2(),
            trivial=best,
            trivial_l2=trivial.get(best, float("nan")),
        )
        write_whole(path, lambda stream: stream.write(_text(result.to_json())))
        return result


def trained(folder: Path) -> Trainer:
    """The trainer of a run at its last checkpoint, to evaluate.

    Raises
    ------
    UserError
        If the folder holds no run with a checkpoint.
    """
    described = _described(folder)
    trainer = make_trainer(Experiment.model_validate(described["experiment"]), described["baseline"])
    state = checkpoint.load(folder / CHECKPOINT)
    trainer.optimizer.restore(state)
    trainer.steps_done = int(state["run/steps"])
    return trainer


def _described(folder: Path) -> dict[str, Any]:
    try:
        described: dict[str, Any] = json.loads((folder / EXPERIMENT).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{folder}: holds no training; allowed: a folder that `pinta train` wrote") from error
    return described


def _text(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2) + "\n").encode()
