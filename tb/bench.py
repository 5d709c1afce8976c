"""How fast the simulators run the accelerator while a program runs on chip, one product each."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Value
from amaranth.sim import Simulator as AmaranthSimulator

from pinta_hw.accelerator import Accelerator
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.gemm import encode

from .gemm.batch import Batch, GemmCase, batches
from .gemm.check import check
from .harness.session import harness_design, packed_rows
from .matrices import random_matrix
from .runner import build

LARGE = (256, 128, 128)
"""Rows, columns and contraction of the product for Verilator, where the scratchpad holds it."""
_LARGE_GROUP_WORDS = 8192
SMALL = (32, 32, 32)
"""The product for the simulators that are some thousand times slower."""
REPETITIONS = 20


@dataclass(frozen=True)
class Speed:
    """One simulator's speed, loading and unloading not counted."""

    simulator: str
    cycles: int
    seconds: float
    build_seconds: float

    @property
    def cycles_per_second(self) -> float:
        return self.cycles / self.seconds


def bench(config: AcceleratorConfig, slow: bool, progress: Callable[[str], None]) -> Iterator[Speed]:
    """Measure Verilator and, if ``slow``, Icarus and the Amaranth simulator (minutes).

    Every Verilog simulator's results are compared with the golden model and the timing formulas.

    Raises
    ------
    UserError
        If a simulator is missing.
    AssertionError
        If a result or a cycle count is wrong.
    """
    shape = LARGE if config.group_words >= _LARGE_GROUP_WORDS else SMALL
    yield _verilog_speed(config, "verilator", [_case(shape)] * REPETITIONS, progress)
    if slow:
        yield _verilog_speed(config, "icarus", [_case(SMALL)], progress)
        progress("amaranth: simulating")
        yield _amaranth_speed(config, next(batches(config, [_case(SMALL)])))


def _case(shape: tuple[int, int, int]) -> GemmCase:
    rng = np.random.default_rng(1)
    m, n, k = shape
    return GemmCase(f"{m}x{k} {k}x{n}", random_matrix(rng, (m, k), 8), random_matrix(rng, (k, n), 8), 8)


def _verilog_speed(config: AcceleratorConfig, simulator, cases: list[GemmCase], progress) -> Speed:
    progress(f"{simulator}: compiling")
    started = time.perf_counter()
    compiled = build(harness_design(config), simulator, checks=False)
    build_seconds = time.perf_counter() - started
    progress(f"{simulator}: simulating")
    result = check(compiled, config, cases, "bench")
    assert all(case.passed for case in result.cases), f"{simulator}: wrong results or cycles"
    seconds = result.simulated_cycles / result.cycles_per_second
    return Speed(simulator, result.simulated_cycles, seconds, build_seconds)


def _amaranth_speed(config: AcceleratorConfig, batch: Batch) -> Speed:
    started = time.perf_counter()
    dut = Accelerator(config)
    simulator = AmaranthSimulator(dut)
    simulator.add_clock(1e-9)
    measured: list[Speed] = []

    async def testbench(ctx):
        request, program = dut.host_request, dut.program_write
        ctx.set(request.valid, 1)
        ctx.set(request.write, 1)
        for row, mask, packed in packed_rows(config, batch.image):
            ctx.set(request.row, row)
            ctx.set(request.mask, mask)
            ctx.set(Value.cast(request.data), packed)
            await ctx.tick().until(request.ready)
        ctx.set(request.valid, 0)
        ctx.set(program.valid, 1)
        for address, instruction in enumerate(batch.instructions):
            ctx.set(program.address, address)
            ctx.set(Value.cast(program.data), encode(config, instruction))
            await ctx.tick()
        ctx.set(program.valid, 0)
        ctx.set(dut.length, len(batch.instructions))
        ctx.set(dut.start, 1)
        ready = time.perf_counter()
        await ctx.tick()
        ctx.set(dut.start, 0)
        await ctx.tick().until(dut.done)
        measured.append(Speed("amaranth", ctx.get(dut.cycles), time.perf_counter() - ready, ready - started))

    simulator.add_testbench(testbench)
    simulator.run()
    return measured[0]
