"""The cocotb side of ``program.v``: sleeps until the harness has finished, and takes the time of the programs."""

import json
import os
import time
from pathlib import Path

import cocotb
from cocotb.triggers import FallingEdge, First, RisingEdge
from cocotb.utils import get_sim_time

PERIOD_PS = 1000


@cocotb.test()
async def run(dut):
    seconds = cycles = 0.0
    while not dut.finished.value:
        await First(RisingEdge(dut.running), RisingEdge(dut.finished))
        if dut.running.value:
            start, since = time.perf_counter(), get_sim_time("ps")
            await FallingEdge(dut.running)
            seconds += time.perf_counter() - start
            cycles += (get_sim_time("ps") - since) / PERIOD_PS
    Path(os.environ["PINTA_SPEED"]).write_text(json.dumps({"seconds": seconds, "cycles": round(cycles)}))
