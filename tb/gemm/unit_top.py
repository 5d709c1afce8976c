"""The GEMM unit between both of its memories, for the Amaranth simulator."""

import numpy as np
import numpy.typing as npt
from amaranth import Module
from amaranth.hdl import Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.gemm_unit import GemmUnit
from pinta_hw.instruction import gemm_layout
from pinta_hw.memory.real_memory import RealMemory, RealPort
from pinta_hw.memory.scratchpad import ReadSignature, Scratchpad, WriteSignature
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.gemm import Gemm, encode
from pinta_hw.spec.isa.real_memory import REAL_BANKS, REAL_GROUPS
from tb.gemm.image import ScratchpadImage

LIMIT_CYCLES = 10_000


class GemmTop(wiring.Component):
    """A GEMM unit with a scratchpad and a real memory; a host reaches both while the unit is idle.

    Members
    -------
    start, gemm, done, nan
        Of the unit.
    host_read, host_write, host_real
        Clients of the memories.
    conflict : Out(1)
        Two clients met in either memory.
    """

    def __init__(self, config: AcceleratorConfig):
        self.config = config
        super().__init__(
            {
                "start": In(1),
                "gemm": In(gemm_layout(config)),
                "done": Out(1),
                "nan": Out(1),
                "host_read": In(ReadSignature(config)),
                "host_write": In(WriteSignature(config)),
                "host_real": In(RealPort(config)).array(REAL_GROUPS),
                "conflict": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.unit = unit = GemmUnit(self.config)
        m.submodules.scratchpad = scratchpad = Scratchpad(self.config, ("a", "b", "host_read"), ("write", "host_write"))
        m.submodules.real_memory = real_memory = RealMemory(self.config, ("unit", "host"))
        wiring.connect(m, unit.a_memory, scratchpad.a)
        wiring.connect(m, unit.b_memory, scratchpad.b)
        wiring.connect(m, unit.result_memory, scratchpad.write)
        wiring.connect(m, wiring.flipped(self.host_read), scratchpad.host_read)
        wiring.connect(m, wiring.flipped(self.host_write), scratchpad.host_write)
        for group in range(REAL_GROUPS):
            wiring.connect(m, unit.real_memory[group], real_memory.unit[group])
            wiring.connect(m, wiring.flipped(self.host_real[group]), real_memory.host[group])
        m.d.comb += [
            unit.start.eq(self.start),
            unit.gemm.eq(self.gemm),
            self.done.eq(unit.done),
            self.nan.eq(unit.nan),
            self.conflict.eq(scratchpad.conflict | real_memory.conflict),
        ]
        return m


async def write_scratchpad(ctx, dut: GemmTop, image: ScratchpadImage) -> None:
    """Put the written words of an image into the scratchpad."""
    banks = dut.config.banks
    written = image.written.reshape(-1, banks)
    for row in np.flatnonzero(written.any(axis=1)).tolist():
        for bank in range(banks):
            word = row * banks + bank
            port = dut.host_write
            ctx.set(port.enable[bank], bool(image.written[word]))
            ctx.set(port.row[bank], row)
            ctx.set(port.data[bank].as_value(), int(image.planes[word]) | int(image.exponents[word]) << 64)
        await ctx.tick()
    for bank in range(banks):
        ctx.set(dut.host_write.enable[bank], 0)


async def read_scratchpad(ctx, dut: GemmTop, image: ScratchpadImage, words: range) -> None:
    """Replace ``words`` of an image by what the scratchpad holds."""
    banks = dut.config.banks
    for row in range(words.start // banks, (words.stop - 1) // banks + 1):
        for bank in range(banks):
            ctx.set(dut.host_read.enable[bank], 1)
            ctx.set(dut.host_read.row[bank], row)
        await ctx.tick()
        for bank in range(banks):
            packed = ctx.get(dut.host_read.data[bank].as_value())
            image.planes[row * banks + bank] = packed & ((1 << 64) - 1)
            image.exponents[row * banks + bank] = packed >> 64
    for bank in range(banks):
        ctx.set(dut.host_read.enable[bank], 0)


async def write_real(ctx, dut: GemmTop, base: int, words: npt.NDArray[np.uint32]) -> None:
    """Put words into real memory from address ``base`` on."""
    await _real(ctx, dut, base, words, write=True)


async def read_real(ctx, dut: GemmTop, base: int, count: int) -> npt.NDArray[np.uint32]:
    """Words of the real memory from address ``base`` on."""
    words = np.zeros(count, dtype=np.uint32)
    await _real(ctx, dut, base, words, write=False)
    return words


async def _real(ctx, dut: GemmTop, base: int, words: npt.NDArray[np.uint32], write: bool) -> None:
    size = dut.config.real_group_words
    for first in range(0, len(words), REAL_BANKS):
        group, address = divmod(base + first, size)
        here = min(REAL_BANKS, len(words) - first, size - address)
        assert here == min(REAL_BANKS, len(words) - first), "the words reach from one group into the next"
        port = dut.host_real[group]
        ctx.set(port.enable, (1 << here) - 1)
        ctx.set(port.write, write)
        ctx.set(port.address, address)
        for k in range(here):
            ctx.set(port.data_out[k], int(words[first + k]))
        await ctx.tick()
        ctx.set(port.enable, 0)
        if not write:
            for k in range(here):
                words[first + k] = ctx.get(port.data_in[k])


async def run_gemm(ctx, dut: GemmTop, gemm: Gemm) -> tuple[int, bool]:
    """Execute an instruction; its cycles, and whether it reported NaN."""
    ctx.set(Value.cast(dut.gemm), encode(dut.config, gemm))
    ctx.set(dut.start, 1)
    nan = False
    for cycle in range(1, LIMIT_CYCLES):
        done, conflict, nan_now = (await ctx.tick().sample(dut.done, dut.conflict, dut.nan))[2:]
        assert not conflict, f"cycle {cycle}: two clients of one memory"
        nan |= bool(nan_now)
        ctx.set(dut.start, 0)
        if done:
            return cycle, nan
    raise AssertionError(f"not done after {LIMIT_CYCLES} cycles")
