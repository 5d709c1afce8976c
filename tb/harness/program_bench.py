"""The cocotb side of ``program.v``: sleeps until the harness has finished, and takes the time of the programs."""

import json
import os
import time
from pathlib import Path

import cocotb
from cocotb.triggers import FallingEdge, First, RisingEdge, Timer, with_timeout
from cocotb.utils import get_sim_time

PERIOD_PS = 1000


@cocotb.test()
async def run(dut):
    limit_ps = int(os.environ["PINTA_LIMIT_CYCLES"]) * PERIOD_PS
    spent = await with_timeout(programs(dut), limit_ps, "ps")
    Path(os.environ["PINTA_SPEED"]).write_text(json.dumps(spent))


async def programs(dut) -> dict[str, float]:
    """Cycles in which programs ran, and the seconds that they took on the host."""
    seconds = cycles = 0.0
    await Timer(1, "step")  # initial blocks have run
    while not dut.finished.value:
        await First(RisingEdge(dut.running), RisingEdge(dut.finished))
        if dut.running.value:
            start, since = time.perf_counter(), get_sim_time("ps")
            await FallingEdge(dut.running)
            seconds += time.perf_counter() - start
            cycles += (get_sim_time("ps") - since) / PERIOD_PS
    return {"seconds": seconds, "cycles": round(cycles)}
