"""The way to a simulated machine, for the driver that boards use too."""

from pathlib import Path

import numpy as np
from cocotb.task import resume
from cocotb.triggers import FallingEdge, First, RisingEdge, Timer

from pinta_hw.spec.isa.transfer import BEAT_BYTES

PERIOD_PS = 1000
_PATIENCE_CYCLES = 1_000_000


class SimulatedTransport:
    """Registers and memory of ``harness.v``; its methods block, so they are called inside `cocotb.task.bridge`.

    While a program runs, Python sleeps until the interrupt. Signals are driven and looked at while the clock falls.

    Parameters
    ----------
    dut
        The harness, its clock running.
    image : Path
        The file through which the memory is loaded and dumped: plusarg ``image``.
    """

    memory_base = 0

    def __init__(self, dut, image: Path):
        self._dut = dut
        self._image = image

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
        content = await self._dumped()
        return content[offset : offset + size]

    @resume
    async def write_memory(self, offset: int, content: bytes) -> None:
        memory = bytearray(await self._dumped())
        assert offset + len(content) <= len(memory), "the harness's memory is smaller"
        memory[offset : offset + len(content)] = content
        beats = np.frombuffer(bytes(memory), dtype=np.uint8).reshape(-1, BEAT_BYTES)[:, ::-1]
        self._image.write_text(beats.tobytes().hex("\n", BEAT_BYTES) + "\n")
        await self._pulse(self._dut.load)

    @resume
    async def wait(self) -> None:
        interrupt = self._dut.irq
        if not interrupt.value:
            await First(RisingEdge(interrupt), Timer(_PATIENCE_CYCLES * PERIOD_PS, "ps"))

    async def _dumped(self) -> bytes:
        await self._pulse(self._dut.dump)
        words = [line for line in self._image.read_text().split("\n") if line and not line.startswith("//")]
        beats = np.frombuffer(bytes.fromhex("".join(words)), dtype=np.uint8).reshape(-1, BEAT_BYTES)
        return beats[:, ::-1].tobytes()

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
