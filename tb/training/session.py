"""Runs a compiled training on the simulated machine: everything goes through the driver and the AXI ports."""

import json
import os
import pickle
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from golden.lowering.compiler import Lowered
from pinta_hw.spec.isa.instruction import Unit
from pinta_hw.spec.isa.transfer import BEAT_BYTES
from pinta_hw.spec.operation_timing import MEMORY_LATENCY_CYCLES
from tb.machine.design import machine_design
from tb.runner import build, run

JOB, PROGRAM, BEFORE, AFTER, TOLD = "PINTA_JOB", "program.pickle", "before.bin", "after.bin", "told.json"


@dataclass(frozen=True)
class Trained:
    """What the machine did.

    Parameters
    ----------
    memory : uint64 array, shape (beats, 2)
        The memory outside, afterwards.
    cycles : int
        Of the whole program.
    busy_cycles : dict of Unit to int
        Of each unit.
    seconds : float
        Of the simulation, from the start to the interrupt.
    """

    memory: npt.NDArray[np.uint64]
    cycles: int
    busy_cycles: dict[Unit, int]
    seconds: float


def memory_bytes(lowered: Lowered) -> int:
    """Size of the simulated memory: a power of two, so that few sizes are compiled."""
    return 1 << max(16, (lowered.memory.bytes - 1).bit_length())


def image_bytes(lowered: Lowered) -> bytes:
    """The memory before the start."""
    beats = np.zeros((memory_bytes(lowered) // BEAT_BYTES, 2), np.uint64)
    for address, some in lowered.memory.image():
        beats[address // BEAT_BYTES : address // BEAT_BYTES + len(some)] = some
    return beats.tobytes()


def train_on_rtl(lowered: Lowered, latency: int = MEMORY_LATENCY_CYCLES, name: str = "training") -> Trained:
    """Load, start, wait for the interrupt, read the memory.

    Raises
    ------
    SimulationError
        If the machine reports an error, or does not end.
    """
    compiled = build(machine_design(lowered.config, memory_bytes(lowered)))
    folder = compiled.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PROGRAM).write_bytes(pickle.dumps((lowered.config, lowered.program, latency)))
    (folder / BEFORE).write_bytes(image_bytes(lowered))
    began = time.monotonic()
    run(
        compiled,
        "tb.training.training_bench",
        name,
        {JOB: str(folder), "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2])])},
        [f"+image={folder / 'memory.hex'}"],
    )
    told = json.loads((folder / TOLD).read_text())
    memory = np.frombuffer((folder / AFTER).read_bytes(), np.uint64).reshape(-1, 2)
    busy = {Unit[unit]: cycles for unit, cycles in told["busy_cycles"].items()}
    return Trained(memory, told["cycles"], busy, told.get("seconds", time.monotonic() - began))
