"""The main job: testbenches of the units on Verilator, and whole training steps on the whole machine."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from amaranth.lib import wiring

from pinta_hw.array.array import PeArray
from pinta_hw.results.quantizer import Quantizer
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.experiment import Experiment
from pinta_hw.spec.presets import load_config

from .gemm.batch import GemmCase
from .gemm.cases import corner_cases
from .gemm.check import CaseResult, CheckResult, check
from .machine.design import machine_design
from .machine.programs import HARNESS_BYTES
from .runner import Design, build, run
from .training.report import TrainingReport, train_and_compare


@dataclass(frozen=True)
class Testbench:
    """One testbench's outcome. Streams are compared beat by beat, which ``elements`` does not count."""

    name: str
    accelerator: str
    passed: bool
    tests: int
    elements: int
    mismatches: int
    rtl_cycles: int
    predicted_cycles: int
    cycles_per_second: float | None
    seconds: float
    cases: tuple[CaseResult, ...]


@dataclass(frozen=True)
class Report:
    """All testbenches of a run, and the training."""

    seed: int
    testbenches: tuple[Testbench, ...]
    training: TrainingReport

    @property
    def passed(self) -> bool:
        return self.training.passed and all(testbench.passed for testbench in self.testbenches)

    def total(self, field: str) -> int:
        """Sum of a count over the testbenches."""
        return sum(getattr(testbench, field) for testbench in self.testbenches)


Progress = Callable[[str], None]
"""Called with what is going on."""


def run_main_job(experiment: Experiment, steps: int, seed: int, progress: Progress) -> Report:
    """Run everything: streams with gaps and stalls, products at the corners, and steps of a training.

    Parameters
    ----------
    experiment : Experiment
        Its training runs on its accelerator.
    steps : int
        Steps of it.

    Raises
    ------
    UserError
        If a tool is missing, or the experiment does not fit the accelerator.
    AssertionError
        If a testbench fails otherwise than by a wrong element or cycle count.
    """
    tiny, accelerator = load_config("tiny"), load_config(experiment.accelerator)
    done = (
        _streams("quantizer, gaps and stalls", Quantizer(), "quantizer", "tb.cocotb.quantizer_bench", progress),
        _streams("PE array, gaps and stalls", PeArray(tiny), "pe_array_tiny", "tb.cocotb.pe_array_bench", progress),
        _gemms("GEMMs at the corners", accelerator, corner_cases(accelerator, seed), progress),
    )
    return Report(seed, done, train_and_compare(experiment, steps, progress))


def _streams(name: str, component: wiring.Component, top: str, module: str, progress: Progress) -> Testbench:
    started = time.perf_counter()
    progress(f"{name}: compiling")
    compiled = build(Design.of_component(component, top))
    progress(f"{name}: simulating")
    finished = run(compiled, module)
    seconds = time.perf_counter() - started
    return Testbench(name, "tiny", True, finished.tests, 0, 0, 0, 0, None, seconds, ())


def _gemms(name: str, config: AcceleratorConfig, cases: list[GemmCase], progress: Progress) -> Testbench:
    started = time.perf_counter()
    progress(f"{name} on {config.name}: compiling the machine")
    compiled = build(machine_design(config, HARNESS_BYTES))
    progress(f"{name} on {config.name}: simulating {len(cases)} products")
    result: CheckResult = check(compiled, config, cases, name.replace(" ", "-").replace(",", ""))
    return Testbench(
        name=name,
        accelerator=config.name,
        passed=result.passed,
        tests=len(result.cases),
        elements=sum(case.elements for case in result.cases),
        mismatches=sum(case.mismatches for case in result.cases),
        rtl_cycles=result.program_cycles,
        predicted_cycles=result.predicted_program_cycles,
        cycles_per_second=result.cycles_per_second,
        seconds=time.perf_counter() - started,
        cases=result.cases,
    )
