"""Follows a machine that trains: what it writes outside, and the golden trainer in step with it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from golden.lowering.compiler import Lowered
from golden.train import Trainer
from pinta_hw.spec.isa.transfer import BEAT_BYTES
from tb.machine.session import WRITES

_ERRORS = 20
"""Times in a training that the error of its solution is looked at."""


@dataclass(frozen=True)
class StepTold:
    """A step that the machine has ended.

    Parameters
    ----------
    step : int
        From 1 on.
    loss : float
        As the machine wrote it.
    relative_l2 : float
        Of the golden trainer's solution, when it was looked at last; NaN before.
    cycles_per_second : float
        Of the simulation so far.
    """

    step: int
    loss: float
    relative_l2: float
    cycles_per_second: float


class Follower:
    """The golden trainer, a step for every step that the machine ends.

    Parameters
    ----------
    lowered : Lowered
        What the machine runs.
    step_cycles : int
        Cycles of a step.

    Attributes
    ----------
    trainer : Trainer
    losses : list of dict of str to float
        The trainer's, one a step.
    """

    def __init__(self, lowered: Lowered, step_cycles: int) -> None:
        self.trainer = Trainer(lowered.experiment)
        self.losses: list[dict[str, float]] = []
        self._memory, self._steps, self._step_cycles = lowered.memory, lowered.program.steps, step_cycles
        self._file: Path | None = None
        self._read = 0
        self._terms: list[float] = []
        self._relative_l2 = float("nan")
        self._began = 0.0

    def begin(self, folder: Path) -> None:
        """The machine starts, and writes into a folder."""
        self._file = folder / WRITES
        self._file.unlink(missing_ok=True)
        self._began = time.perf_counter()

    def follow(self) -> Iterator[StepTold]:
        """Every step that has ended since the last call, as soon as the trainer has done it too."""
        for loss in self._ended():
            self.losses.append(self.trainer.step().losses)
            done = len(self.losses)
            if done * _ERRORS % self._steps < _ERRORS:
                self._relative_l2 = self.trainer.relative_l2()
            seconds = time.perf_counter() - self._began
            yield StepTold(done, loss, self._relative_l2, done * self._step_cycles / seconds)

    def _ended(self) -> Iterator[float]:
        if self._file is None or not self._file.exists():
            return
        with self._file.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        memory = self._memory
        for line in whole.decode().splitlines():
            beat, data = line.split()
            if memory.losses_at <= BEAT_BYTES * int(beat, 16) < memory.results_at:
                self._terms.append(float(np.frombuffer(bytes.fromhex(data)[::-1][:4], np.float32)[0]))
                if len(self._terms) == len(memory.terms):
                    yield sum(self._terms)
                    self._terms.clear()
