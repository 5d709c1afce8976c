"""A training on the RTL, compared with the golden machine and with the golden trainer."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from golden.lowering.compiler import Lowered, lower
from pinta_hw.spec.experiment import Experiment
from pinta_hw.spec.isa.instruction import Unit
from pinta_hw.spec.isa.transfer import BEAT_BYTES
from pinta_hw.spec.presets import load_config
from sim.program import simulate

from .check import Compared, train_on_rtl
from .follow import Follower, StepTold

_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class TrainingReport:
    """What came of it.

    Parameters
    ----------
    experiment, accelerator : str
        Names.
    steps : int
        Steps trained.
    words : int
        Words of all memories that were compared.
    wrong : dict of str to int
        Those that differ from the golden machine's, by memory.
    weights_equal, losses_equal : bool
        Whether master weights and losses are the golden trainer's.
    losses : tuple of float
        One a step.
    relative_l2 : float
        Error of the trained solution, from the machine's weights.
    cycles, predicted_cycles : int
        Of the whole program.
    step_cycles : int
        Of one step, from the formulas.
    busy_cycles : dict of str to int
        Of each unit, from the machine's own counters.
    array_utilization : float
        Of the multipliers over a step.
    cycles_per_second : float
        Of the simulation.
    """

    experiment: str
    accelerator: str
    steps: int
    words: int
    wrong: dict[str, int]
    weights_equal: bool
    losses_equal: bool
    losses: tuple[float, ...]
    relative_l2: float
    cycles: int
    predicted_cycles: int
    step_cycles: int
    busy_cycles: dict[str, int]
    array_utilization: float
    cycles_per_second: float

    @property
    def passed(self) -> bool:
        """Whether every bit and every cycle is as predicted."""
        bits = not any(self.wrong.values()) and self.weights_equal and self.losses_equal
        return bits and self.cycles == self.predicted_cycles


def train_and_compare(
    experiment: Experiment,
    steps: int | None = None,
    progress: Callable[[str], None] = lambda text: None,
    told: Callable[[StepTold], None] = lambda step: None,
) -> TrainingReport:
    """Lower an experiment, train on the RTL from one start, and compare everything.

    Parameters
    ----------
    experiment : Experiment
        It names the accelerator.
    steps : int, optional
        All of the experiment's where not given.
    progress : callable
        Called with what is going on.
    told : callable
        Called with every step that the machine has ended, while it runs.

    Raises
    ------
    UserError
        If the experiment does not fit, or a tool is missing.
    SimulationError
        If the machine reports an error or does not end.
    """
    config = load_config(experiment.accelerator)
    progress(f"lowering {experiment.name} for {config.name}")
    lowered = lower(experiment, config, steps)
    count = lowered.program.steps
    progress(f"{count} steps of {experiment.name} on {config.name}: compiling the machine and running it")
    follower = Follower(lowered, simulate(config, lowered.program).step.cycles)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(train_on_rtl, lowered, name=f"{experiment.name}-{count}", begins=follower.begin)
        while not running.done():
            time.sleep(_POLL_SECONDS)
            for step in follower.follow():
                told(step)
        compared = running.result()
    for step in follower.follow():
        told(step)
    return _report(lowered, compared, follower)


def _report(lowered: Lowered, compared: Compared, follower: Follower) -> TrainingReport:
    memory, config, outcome = lowered.memory, lowered.config, compared.outcome
    beats = np.frombuffer(outcome.memory, np.uint64).reshape(-1, 2)
    weights = memory.trained(beats[memory.results_at // BEAT_BYTES :])
    losses = memory.losses(beats[memory.losses_at // BEAT_BYTES : memory.results_at // BEAT_BYTES])
    trainer = follower.trainer
    equal = all(np.array_equal(weights[name], value) for name, value in trainer.optimizer.parameters.items())
    trainer.optimizer.parameters = dict(weights)
    words = sum(array.size for array in (outcome.planes, outcome.exponents, outcome.real)) + len(beats)
    return TrainingReport(
        lowered.experiment.name,
        config.name,
        lowered.program.steps,
        words,
        compared.wrong,
        equal,
        losses == follower.losses,
        tuple(sum(each.values()) for each in losses),
        trainer.relative_l2(),
        outcome.counters.cycles,
        compared.predicted_cycles,
        compared.step_cycles,
        {unit.name.lower(): outcome.counters.busy_cycles[unit] for unit in Unit},
        compared.predicted.array_utilization,
        outcome.cycles_per_second,
    )
