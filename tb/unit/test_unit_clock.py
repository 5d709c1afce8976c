"""The clock of a unit: which pulses pass, and that none is cut short."""

import numpy as np
from amaranth import ClockDomain, Module
from amaranth.sim import Simulator

from pinta_hw.clock_gate import gate
from pinta_hw.control.unit_clock import UnitClock

PERIOD = 8e-9


def test_pulses_pass_from_start_to_the_cycle_after_done() -> None:
    seed = 61
    print("seed", seed)
    rng = np.random.default_rng(seed)
    dut = UnitClock()
    running = [0, 0, 1, 1, 0, 1, 0, 0, 0, *(rng.random(200) < 0.4).astype(int).tolist()]
    resetting = [0] * 7 + [1, 0, *(rng.random(200) < 0.05).astype(int).tolist()]
    seen: list[list[int]] = []

    async def bench(ctx):
        await ctx.tick()
        for run, reset in zip(running, resetting, strict=True):
            ctx.set(dut.running, run)  # right after the rising edge, as a register would
            ctx.set(dut.resetting, reset)
            await ctx.tick()
            # The pulse at the end of this cycle: high for half a period, then low.
            levels = []
            for _ in range(3):
                await ctx.delay(PERIOD / 8)
                levels.append(ctx.get(dut.gated))
            seen.append(levels)

    simulator = Simulator(dut)
    simulator.add_clock(PERIOD)
    simulator.add_testbench(bench)
    simulator.run()
    before = 0
    for cycle, (run, reset, levels) in enumerate(zip(running, resetting, seen, strict=True)):
        wanted = int(run or before or reset)
        assert levels == [wanted] * 3, (cycle, levels)
        before = run


def test_pulses_pass_during_a_reset() -> None:
    """From the second cycle on, so that what a clock that rests drives is reset, too."""
    m = Module()
    m.domains.sync = domain = ClockDomain("sync")
    clock = gate(m, "gate", 0, None)
    seen = []

    async def bench(ctx):
        await ctx.tick()
        for reset in (0, 1, 1, 0, 0):
            ctx.set(domain.rst, reset)
            await ctx.tick()
            await ctx.delay(PERIOD / 8)
            seen.append(ctx.get(clock))

    simulator = Simulator(m)
    simulator.add_clock(PERIOD)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == [0, 0, 1, 1, 0]
