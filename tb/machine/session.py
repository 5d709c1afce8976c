"""A session with a machine: a program and a memory in, everything that it holds afterwards out."""

import pickle
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pinta.host.driver import Counters
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.instruction import Program
from pinta_hw.spec.isa.real_memory import REAL_BANKS, REAL_GROUPS
from pinta_hw.spec.operation_timing import MEMORY_LATENCY_CYCLES
from tb.runner import Build, run

from .hex_file import hex_words

_PLANE_BYTES = 8


@dataclass(frozen=True)
class Job:
    """What a machine shall do.

    Parameters
    ----------
    config : AcceleratorConfig
    program : Program
    memory : bytes
        From address 0 on, whole beats, not more than the harness has.
    limit_cycles : int
        A program that takes longer is a failure.
    memory_latency : int
        Cycles.
    resets : tuple of int
        Runs before the one that counts: each is reset so many cycles after its start, and finds the memory anew.
    """

    config: AcceleratorConfig
    program: Program
    memory: bytes
    limit_cycles: int
    memory_latency: int = MEMORY_LATENCY_CYCLES
    resets: tuple[int, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What it did.

    Attributes
    ----------
    counters : Counters
    nan : bool
        Whether a NaN block or number was written.
    memory : bytes
        As long as the job's.
    planes : uint64 array, shape (words of the scratchpad,)
    exponents : uint8 array, same shape
    real : float32 array, shape (words of the real memory,)
    seconds : float
        From the start to the interrupt, on the simulating host.
    """

    counters: Counters
    nan: bool
    memory: bytes
    planes: npt.NDArray[np.uint64]
    exponents: npt.NDArray[np.uint8]
    real: npt.NDArray[np.float32]
    seconds: float

    @property
    def cycles_per_second(self) -> float:
        return self.counters.cycles / self.seconds


WRITES = "writes.log"
"""The file of a run's folder in which every beat that the machine writes outside is told as it comes."""


def run_job(compiled: Build, job: Job, name: str = "job") -> Outcome:
    """Run a program from one start to the interrupt.

    Parameters
    ----------
    compiled : Build
        A build of `design.machine_design` for the job's configuration.
    name : str
        Folder of this run's files, inside the build's.

    Raises
    ------
    SimulationError
        If the machine reports an error, or does not end within the limit.
    """
    folder = compiled.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "job").write_bytes(pickle.dumps(job))
    run(compiled, "tb.machine.session_bench", name)
    counters, nan, memory, seconds = pickle.loads((folder / "outcome").read_bytes())
    config = job.config
    words = np.stack(
        [
            [hex_words(folder / f"scratchpad_{group}_{bank}.hex", _PLANE_BYTES + 1) for bank in range(config.banks)]
            for group in range(config.groups)
        ]
    )
    words = words.transpose(0, 2, 1, 3).reshape(-1, _PLANE_BYTES + 1)  # words run through the banks first
    planes = np.ascontiguousarray(words[:, 1:]).view(">u8").ravel().astype(np.uint64)
    real = np.stack(
        [
            [hex_words(folder / f"real_{group}_{bank}.hex", 4) for bank in range(REAL_BANKS)]
            for group in range(REAL_GROUPS)
        ]
    )
    numbers = np.ascontiguousarray(real.transpose(0, 2, 1, 3)).view(">f4").ravel().astype(np.float32)
    return Outcome(counters, nan, memory, planes, words[:, 0].copy(), numbers, seconds)
