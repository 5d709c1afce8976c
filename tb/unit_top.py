"""A unit between the scratchpad and the real memory, for the Amaranth simulator."""

import numpy as np
import numpy.typing as npt
from amaranth import Module
from amaranth.hdl import Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.memory.real_memory import RealMemory, RealPort
from pinta_hw.memory.scratchpad import ReadSignature, Scratchpad, WriteSignature
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.real_memory import REAL_BANKS, REAL_GROUPS
from tb.gemm.image import ScratchpadImage

LIMIT_CYCLES = 10_000


class UnitTop(wiring.Component):
    """A unit with a scratchpad and a real memory; a host reaches both while the unit is idle.

    Parameters
    ----------
    config : AcceleratorConfig
    unit : wiring.Component
        With members ``start``, ``done``, ``nan``, the operation, and clients of the memories.
    operation : str
        Name of the member that takes the operation.
    readers, writers : tuple of str
        Its clients of the scratchpad; that of the real memory is ``real_memory``.

    Members
    -------
    start, operation, done, nan
        Of the unit.
    host_read, host_write, host_real
        Clients of the memories.
    conflict : Out(1)
        Two clients met in either memory.
    """

    def __init__(
        self,
        config: AcceleratorConfig,
        unit: wiring.Component,
        operation: str,
        readers: tuple[str, ...],
        writers: tuple[str, ...],
    ):
        self.config = config
        self._unit = unit
        self._operation = operation
        self._readers = readers
        self._writers = writers
        super().__init__(
            {
                "start": In(1),
                "operation": In(len(Value.cast(getattr(unit, operation)))),
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
        unit = m.submodules.unit = self._unit
        readers, writers = (*self._readers, "host_read"), (*self._writers, "host_write")
        m.submodules.scratchpad = scratchpad = Scratchpad(self.config, readers, writers)
        m.submodules.real_memory = real_memory = RealMemory(self.config, ("unit", "host"))
        for name in (*self._readers, *self._writers):
            wiring.connect(m, getattr(unit, name), getattr(scratchpad, name))
        wiring.connect(m, wiring.flipped(self.host_read), scratchpad.host_read)
        wiring.connect(m, wiring.flipped(self.host_write), scratchpad.host_write)
        for group in range(REAL_GROUPS):
            wiring.connect(m, unit.real_memory[group], real_memory.unit[group])
            wiring.connect(m, wiring.flipped(self.host_real[group]), real_memory.host[group])
        m.d.comb += [
            unit.start.eq(self.start),
            Value.cast(getattr(unit, self._operation)).eq(self.operation),
            self.done.eq(unit.done),
            self.nan.eq(unit.nan),
            self.conflict.eq(scratchpad.conflict | real_memory.conflict),
        ]
        return m


async def write_scratchpad(ctx, dut: UnitTop, image: ScratchpadImage) -> None:
    """Put the written words of an image into the scratchpad."""
    banks = dut.config.banks
    written = image.written.reshape(-1, banks)
    for row in np.flatnonzero(written.any(axis=1)).tolist():
        ctx.set(dut.host_write.group, row // dut.config.words)
        for bank in range(banks):
            word = row * banks + bank
            port = dut.host_write
            ctx.set(port.enable[bank], bool(image.written[word]))
            ctx.set(port.row[bank], row)
            ctx.set(port.data[bank].as_value(), int(image.planes[word]) | int(image.exponents[word]) << 64)
        await ctx.tick()
    for bank in range(banks):
        ctx.set(dut.host_write.enable[bank], 0)


async def read_scratchpad(ctx, dut: UnitTop, image: ScratchpadImage, words: range) -> None:
    """Replace ``words`` of an image by what the scratchpad holds."""
    banks = dut.config.banks
    for row in range(words.start // banks, (words.stop - 1) // banks + 1):
        ctx.set(dut.host_read.group, row // dut.config.words)
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


async def write_real(ctx, dut: UnitTop, base: int, words: npt.NDArray[np.uint32]) -> None:
    """Put words into real memory from address ``base`` on."""
    await _real(ctx, dut, base, words, write=True)


async def read_real(ctx, dut: UnitTop, base: int, count: int) -> npt.NDArray[np.uint32]:
    """Words of the real memory from address ``base`` on."""
    words = np.zeros(count, dtype=np.uint32)
    await _real(ctx, dut, base, words, write=False)
    return words


async def _real(ctx, dut: UnitTop, base: int, words: npt.NDArray[np.uint32], write: bool) -> None:
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


async def run_unit(ctx, dut: UnitTop, word: int) -> tuple[int, bool]:
    """Execute an operation, given by its fields; its cycles, and whether it reported NaN."""
    ctx.set(dut.operation, word)
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
