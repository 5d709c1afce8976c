"""How fast the cost models are; beside them a public simulator, where a Python has one."""

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pinta.problem_shape import problem_shape
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.errors import UserError
from sim.energy_table import load_table
from sim.gemm import estimate_gemm
from sim.sweep.description import load_sweep
from sim.sweep.engine import Run
from sim.sweep.executors import computed_by_processes
from sim.sweep.points import Space
from sim.sweep.store import Store
from sim.sweep.version import model_version

ESTIMATE_SECONDS = 50e-6
"""That an estimate of a product may take."""
POINT_SECONDS = 60 / 100_000
"""That a point of a sweep may take."""
PRODUCTS = ((6500, 128, 128), (1024, 1024, 1024))
"""Rows, columns and contraction of the products."""
ESTIMATES, REPETITIONS = 100, 20
LIMIT_SECONDS = 900
SCALE_SIM = """\
import sys, time
from scalesim.scale_sim import scalesim
start = time.perf_counter()
simulator = scalesim(save_disk_space=True, verbose=False, config="config", topology="topology.csv", layout="layout.csv",
                     input_type_gemm=True)
simulator.run_scale(top_path="out")
print("seconds", time.perf_counter() - start)
"""
SCALE_SIM_CONFIG = """\
[general]
run_name : product
[architecture_presets]
ArrayHeight : 32
ArrayWidth : 32
IfmapSramSzkB : 512
FilterSramSzkB : 512
OfmapSramSzkB : 512
IfmapOffset : 0
FilterOffset : 10000000
OfmapOffset : 20000000
Bandwidth : 16
Dataflow : os
ReadRequestBuffer : 512
WriteRequestBuffer : 512
[layout]
IfmapCustomLayout : False
IfmapSRAMBankBandwidth : 10
IfmapSRAMBankNum : 10
IfmapSRAMBankPort : 2
FilterCustomLayout : False
FilterSRAMBankBandwidth : 10
FilterSRAMBankNum : 10
FilterSRAMBankPort : 2
[sparsity]
SparsitySupport : false
[run_presets]
InterfaceBandwidth : USER
UseRamulatorTrace : False
"""
"""An array of 32 x 32 multipliers, as many as `edge` has for digits, with as much memory."""


@dataclass(frozen=True)
class ModelSpeed:
    """Seconds of one estimate, and those of a public simulator for the same, where it was asked for."""

    name: str
    seconds: float
    target_seconds: float
    beside: str | None = None
    beside_seconds: float | None = None

    @property
    def met(self) -> bool:
        """Whether the target is met."""
        return self.seconds <= self.target_seconds


def run(
    config: AcceleratorConfig, sweep: Path, scale_sim: str | None, progress: Callable[[str], None]
) -> Iterator[ModelSpeed]:
    """Estimates of products, and a sweep in closed form on two processes.

    Parameters
    ----------
    sweep : Path
        Its file.
    scale_sim : str, optional
        A Python that has the package ``scalesim``.

    Raises
    ------
    UserError
        If that Python cannot run it.
    """
    table, roomy = load_table("asap7"), replace(config, words=1 << 16)  # the largest products fill several scratchpads
    for m, n, k in PRODUCTS:
        progress(f"estimate of {m} x {k} times {k} x {n}")
        seconds = float("inf")
        for _ in range(REPETITIONS):
            start = time.perf_counter()
            for more in range(ESTIMATES):  # no two alike: nothing of one helps the next
                estimate_gemm(roomy, table, m + 4 * more, n, k, 8, 8, 8)
            seconds = min(seconds, (time.perf_counter() - start) / ESTIMATES)
        beside = None
        if scale_sim is not None:
            progress(f"SCALE-Sim: {m} x {k} times {k} x {n}")
            beside = _scale_sim_seconds(scale_sim, m, n, k)
        name = f"estimate of a product, {m} x {k} times {k} x {n}"
        yield ModelSpeed(name, seconds, ESTIMATE_SECONDS, None if beside is None else "SCALE-Sim", beside)
    described = load_sweep(sweep)
    progress(f"sweep {described.name}")
    with tempfile.TemporaryDirectory() as folder:
        space, energies = Space(sweep, described), load_table(described.energy_table)
        start = time.perf_counter()
        work = Run(space, described, energies, Store(Path(folder) / "results.txt"), model_version())
        points = len(work.todo)
        work.complete(partial(computed_by_processes, jobs=2), problem_shape)
        seconds = (time.perf_counter() - start) / points
    yield ModelSpeed(f"point of a sweep in closed form, of {points:,}, two processes", seconds, POINT_SECONDS)


def _scale_sim_seconds(python: str, m: int, n: int, k: int) -> float:
    """A simulation from begin to end, without the imports; infinite if it takes longer than `LIMIT_SECONDS`."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config").write_text(SCALE_SIM_CONFIG)
        (Path(folder) / "topology.csv").write_text(f"Layer,M,N,K,\nproduct,{m},{n},{k},\n")
        (Path(folder) / "layout.csv").write_text("Layer,\n")
        command = [python, "-W", "ignore", "-c", SCALE_SIM]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            return float("inf")
        except OSError as error:
            raise UserError(f"--scale-sim: {python}: {error.strerror}; allowed: a Python with scalesim") from None
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise UserError(f"--scale-sim: {python}: {last[0]}; allowed: a Python with scalesim, and with numpy below 2")
    return float(done.stdout.split("seconds ")[-1])
