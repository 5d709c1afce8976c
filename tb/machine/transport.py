"""The way to a simulated machine, for the driver that boards use too."""

from pathlib import Path

import numpy as np
from cocotb.clock import Clock
from cocotb.task import resume
from cocotb.triggers import FallingEdge, First, RisingEdge, Timer

from pinta_hw.spec.isa.transfer import BEAT_BYTES
from tb.machine.hex_file import hex_words

PERIOD_PS = 1000
_MEMORY = Path("memory.hex")
_PATIENCE_CYCLES = 1_000_000


async def prepare(dut, latency: int = 20, free: bool = True) -> None:
    """Clock and reset; the clock is the harness's own, or Python's where Python must see every edge."""
    dut.rst.value = 1
    dut.outside.value = 0
    dut.latency.value = latency
    dut.free.value = free
    for signal in ("awready", "wready", "bvalid", "arready", "rvalid"):
        getattr(dut, f"x_axi_{signal}").value = 0  # what an earlier test left
    if not free:
        Clock(dut.clk, PERIOD_PS, "ps").start()
    await Timer(4 * PERIOD_PS, "ps")
    await FallingEdge(dut.clk)
    dut.rst.value = 0


class SimulatedTransport:
    """Registers and memory of ``harness.v``; its methods block, so they are called inside `cocotb.task.bridge`.

    While a program runs, Python sleeps until the interrupt. Signals are driven and looked at while the clock falls.

    Parameters
    ----------
    dut
        The harness, its clock running.
        The run's folder is the present one: the harness leaves its files there.
    """

    memory_base = 0

    def __init__(self, dut):
        self._dut = dut

    @resume
    async def read_register(self, address: int) -> int:
        dut = self._dut
        await FallingEdge(dut.clk)
        dut.s_axil_araddr.value = address
        dut.s_axil_arvalid.value = dut.s_axil_rready.value = 1
        await self._accepted(dut.s_axil_arready)
        dut.s_axil_arvalid.value = 0
        while not dut.s_axil_rvalid.value:
            await FallingEdge(dut.clk)
        word, response = dut.s_axil_rdata.value.to_unsigned(), dut.s_axil_rresp.value.to_unsigned()
        await FallingEdge(dut.clk)
        dut.s_axil_rready.value = 0
        assert response == 0, f"register {address:#x}: read response {response}"
        return word

    @resume
    async def write_register(self, address: int, value: int) -> None:
        dut = self._dut
        await FallingEdge(dut.clk)
        dut.s_axil_awaddr.value = address
        dut.s_axil_wdata.value = value
        dut.s_axil_wstrb.value = 0xF
        dut.s_axil_awvalid.value = dut.s_axil_wvalid.value = dut.s_axil_bready.value = 1
        await self._accepted(dut.s_axil_awready)  # the machine takes address and data together
        dut.s_axil_awvalid.value = dut.s_axil_wvalid.value = 0
        while not dut.s_axil_bvalid.value:
            await FallingEdge(dut.clk)
        response = dut.s_axil_bresp.value.to_unsigned()
        await FallingEdge(dut.clk)
        dut.s_axil_bready.value = 0
        assert response == 0, f"register {address:#x}: write response {response}"

    @resume
    async def read_memory(self, offset: int, size: int) -> bytes:
        await self._pulse(self._dut.dump)
        beats = hex_words(_MEMORY, BEAT_BYTES)[:, ::-1].tobytes()
        assert offset + size <= len(beats), "the harness's memory is smaller"
        return beats[offset : offset + size]

    @resume
    async def write_memory(self, offset: int, content: bytes) -> None:
        assert offset % BEAT_BYTES == len(content) % BEAT_BYTES == 0, "the harness loads whole beats"
        beats = np.frombuffer(content, dtype=np.uint8).reshape(-1, BEAT_BYTES)[:, ::-1]
        _MEMORY.write_text(f"@{offset // BEAT_BYTES:x}\n{beats.tobytes().hex(chr(10), BEAT_BYTES)}\n")
        await self._pulse(self._dut.load)

    @resume
    async def dump_state(self) -> None:
        """Write the machine's own memories to the files of `design.bank_files`."""
        await self._pulse(self._dut.dump_state)

    @resume
    async def wait(self) -> None:
        interrupt = self._dut.irq
        if not interrupt.value:
            await First(RisingEdge(interrupt), Timer(_PATIENCE_CYCLES * PERIOD_PS, "ps"))

    @resume
    async def pass_cycles(self, cycles: int) -> None:
        """Do nothing for so long."""
        await Timer(cycles * PERIOD_PS, "ps")

    async def _pulse(self, signal) -> None:
        await FallingEdge(self._dut.clk)
        signal.value = 1
        await FallingEdge(self._dut.clk)
        signal.value = 0
        await FallingEdge(self._dut.clk)

    async def _accepted(self, ready) -> None:
        """Until the rising edge before which ``ready`` was high has passed."""
        while not ready.value:
            await FallingEdge(self._dut.clk)
        await FallingEdge(self._dut.clk)
