"""Cycles of a step by the cycle model."""

from golden.lowering.compiler import lower
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.experiment import Experiment
from pinta_hw.spec.operation_timing import MEMORY_LATENCY_CYCLES
from sim.program import simulate


def compiled_cycles(
    experiment: Experiment, config: AcceleratorConfig, memory_latency: int = MEMORY_LATENCY_CYCLES
) -> int:
    """Of the first step of a compiled experiment."""
    return simulate(config, lower(experiment, config, steps=2).program, memory_latency).step.cycles
