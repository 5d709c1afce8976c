"""The cocotb side of ``units.v``: sleeps until the harness has finished."""

import os

import cocotb
from cocotb.triggers import RisingEdge, with_timeout

PERIOD_PS = 1000


@cocotb.test()
async def run(dut):
    await with_timeout(RisingEdge(dut.finished), int(os.environ["REAL_LIMIT_CYCLES"]) * PERIOD_PS, "ps")
