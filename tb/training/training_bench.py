"""Testbench of a training: one start, one interrupt, and nothing in between."""

import json
import os
import pickle
import time
from pathlib import Path

import cocotb
from cocotb.task import bridge
from cocotb.triggers import FallingEdge, Timer

from pinta.host.driver import Host
from tb.machine.transport import PERIOD_PS, SimulatedTransport
from tb.training.session import AFTER, BEFORE, JOB, PROGRAM, TOLD


@cocotb.test()
async def train(dut):
    folder = Path(os.environ[JOB])
    config, program, latency = pickle.loads((folder / PROGRAM).read_bytes())
    dut.rst.value = 1
    dut.outside.value = 0
    dut.latency.value = latency
    dut.free.value = True
    await Timer(4 * PERIOD_PS, "ps")
    await FallingEdge(dut.clk)
    dut.rst.value = 0

    def job() -> None:
        host = Host(SimulatedTransport(dut, folder / "memory.hex"), config)
        before = (folder / BEFORE).read_bytes()
        host.write_memory(0, before)
        host.load(program)
        began = time.monotonic()
        host.start()
        counters = host.finish()
        seconds = time.monotonic() - began
        (folder / AFTER).write_bytes(host.read_memory(0, len(before)))
        told = {
            "cycles": counters.cycles,
            "busy_cycles": {unit.name: cycles for unit, cycles in counters.busy_cycles.items()},
            "seconds": seconds,
        }
        (folder / TOLD).write_text(json.dumps(told))

    await bridge(job)()
