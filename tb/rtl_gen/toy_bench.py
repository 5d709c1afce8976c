"""cocotb tests of the toy hierarchy: what passes, and, on request, what fails."""

import os

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge


@cocotb.test()
async def samples_come_out_scaled_and_late(dut):
    """Two 8-bit delays of four cycles and one of 6 bits; each doubles."""
    Clock(dut.clk, 2, "ns").start()
    dut.rst.value = 1
    dut.i__valid.value = 1
    dut.i__payload.value = 0
    await ClockCycles(dut.clk, 2)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 20)
    dut.i__payload.value = 3
    await RisingEdge(dut.clk)
    dut.i__payload.value = 0
    outputs = []
    for _ in range(20):
        await RisingEdge(dut.clk)
        outputs.append(dut.o__payload.value.to_signed())
    assert sum(value != 0 for value in outputs) == 1
    assert outputs[max(range(20), key=outputs.__getitem__)] == 24 + int(os.environ.get("TOY_ERROR", "0"))
