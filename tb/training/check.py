"""Trains on the simulated machine and compares everything with the golden machine, bit for bit."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from golden.lowering.compiler import Lowered
from golden.machine import Machine
from pinta_hw.spec.isa.transfer import BEAT_BYTES
from pinta_hw.spec.operation_timing import MEMORY_LATENCY_CYCLES
from sim.program import ProgramEstimate, simulate
from tb.machine.design import machine_design
from tb.machine.session import Job, Outcome, run_job
from tb.runner import build

_LEAST_BYTES = 1 << 21
"""Of the simulated memory: one size for all short trainings, so that a machine is compiled once."""


@dataclass(frozen=True)
class Compared:
    """A training on the RTL beside the golden machine and the models.

    Parameters
    ----------
    outcome : Outcome
        What the RTL did.
    golden : Machine
        After the same program.
    predicted : ProgramEstimate
        What the formulas say.
    wrong : dict of str to int
        Words that differ, by memory: ``memory``, ``planes``, ``exponents``, ``real``.
    """

    outcome: Outcome
    golden: Machine
    predicted: ProgramEstimate
    wrong: dict[str, int]

    @property
    def predicted_cycles(self) -> int:
        """Of the whole program."""
        return self.predicted.cycles

    @property
    def step_cycles(self) -> int:
        """Of its first step."""
        return self.predicted.step.cycles

    @property
    def equal(self) -> bool:
        """Whether every bit and every cycle is as predicted."""
        return not any(self.wrong.values()) and self.outcome.counters.cycles == self.predicted_cycles


def train_on_rtl(
    lowered: Lowered,
    latency: int = MEMORY_LATENCY_CYCLES,
    name: str = "training",
    begins: Callable[[Path], None] = lambda folder: None,
) -> Compared:
    """One start, one interrupt, and then every word of every memory.

    Parameters
    ----------
    lowered : Lowered
        What to run.
    latency : int
        Of the simulated memory, in cycles.
    name : str
        Folder of the run's files.
    begins : callable
        Called with that folder before the simulation begins.

    Raises
    ------
    SimulationError
        If the machine reports an error, or takes much longer than predicted.
    """
    size = max(_LEAST_BYTES, 1 << (lowered.memory.bytes - 1).bit_length())
    golden = Machine(lowered.config, size)
    golden.write(lowered.memory.image())
    before = golden.memory.tobytes()
    predicted = simulate(lowered.config, lowered.program, latency)
    job = Job(lowered.config, lowered.program, before, 2 * predicted.cycles + 10_000, latency)
    compiled = build(machine_design(lowered.config, size))
    begins(compiled.folder / name)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run_job, compiled, job, name)
        golden.run(lowered.program)
        outcome = running.result()
    after = np.frombuffer(outcome.memory, np.uint64).reshape(-1, BEAT_BYTES // 8)
    wrong = {
        "memory": int((after != golden.memory).any(axis=1).sum()),
        "planes": int((outcome.planes != golden.scratchpad.planes).sum()),
        "exponents": int((outcome.exponents != golden.scratchpad.exponents).sum()),
        "real": int((outcome.real.view(np.uint32) != golden.real.view(np.uint32)).sum()),
    }
    return Compared(outcome, golden, predicted, wrong)
