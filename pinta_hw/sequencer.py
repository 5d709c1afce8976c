"""The sequencer: runs a program of GEMMs from the program store."""

from amaranth import Module, Signal
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from .instruction import gemm_layout
from .spec.config import AcceleratorConfig

CYCLE_BITS = 32


class ProgramWrite(wiring.Signature):
    """Writes one word of the program store a cycle."""

    def __init__(self, config: AcceleratorConfig):
        super().__init__(
            {
                "valid": Out(1),
                "address": Out(ceil_log2(config.program_depth)),
                "data": Out(gemm_layout(config)),
            }
        )


class Sequencer(wiring.Component):
    """Issues the instructions of a program one after the other.

    Members
    -------
    program_write : In
        Fills the program store while idle.
    start, length : In
        Run instructions 0 to ``length - 1``.
    busy, done : Out(1)
        A program is running; it ended with this cycle.
    gemm_start, gemm : Out
        Begin an instruction; it stays constant until `gemm_done`.
    gemm_done : In(1)
        The instruction's last result is being written.
    retired, retired_cycles : Out
        An instruction has ended, and took that many cycles from `gemm_start` to `gemm_done`, both included.
    cycles : Out(32)
        Cycles of the program so far, or of the last one.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "program_write": In(ProgramWrite(config)),
                "start": In(1),
                "length": In(range(config.program_depth + 1)),
                "busy": Out(1),
                "done": Out(1),
                "gemm_start": Out(1),
                "gemm": Out(gemm_layout(config)),
                "gemm_done": In(1),
                "retired": Out(1),
                "retired_cycles": Out(CYCLE_BITS),
                "cycles": Out(CYCLE_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self._config
        shape = gemm_layout(config)
        m.submodules.store = store = memory.Memory(
            shape=data.Layout.cast(shape).size, depth=config.program_depth, init=[]
        )
        write = store.write_port()
        read = store.read_port()
        m.d.comb += [
            write.en.eq(self.program_write.valid),
            write.addr.eq(self.program_write.address),
            write.data.eq(self.program_write.data),
        ]

        position = Signal(range(config.program_depth + 1))
        in_gemm = Signal(CYCLE_BITS)
        m.d.comb += [read.addr.eq(position), read.en.eq(1)]
        with m.If(self.busy):
            m.d.sync += self.cycles.eq(self.cycles + 1)
        m.d.sync += [self.gemm_start.eq(0), self.retired.eq(0), self.done.eq(0)]
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += position.eq(0)
                with m.If(self.start):
                    m.d.sync += self.cycles.eq(0)
                    with m.If(self.length == 0):
                        m.d.sync += self.done.eq(1)
                    with m.Else():
                        m.d.sync += self.busy.eq(1)
                        m.next = "READ"
            with m.State("READ"):
                m.next = "ISSUE"
            with m.State("ISSUE"):
                m.d.sync += [self.gemm.eq(read.data), self.gemm_start.eq(1), in_gemm.eq(1), position.eq(position + 1)]
                m.next = "RUN"
            with m.State("RUN"):
                m.d.sync += in_gemm.eq(in_gemm + 1)
                with m.If(self.gemm_done):
                    m.d.sync += [self.retired.eq(1), self.retired_cycles.eq(in_gemm)]
                    with m.If(position == self.length):
                        m.d.sync += [self.busy.eq(0), self.done.eq(1)]
                        m.next = "IDLE"
                    with m.Else():
                        m.next = "READ"
        return m
