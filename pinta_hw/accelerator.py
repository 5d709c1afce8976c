"""The accelerator: scratchpad, GEMM unit, sequencer, and the host's way in."""

from amaranth import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from .gemm_unit import GemmUnit
from .memory.scratchpad import Scratchpad, Word
from .placement import place
from .sequencer import CYCLE_BITS, ProgramWrite, Sequencer
from .spec.config import AcceleratorConfig


class HostRequest(wiring.Signature):
    """Reads or writes one row of the scratchpad: the same entry of every bank of a group.

    A request is taken in a cycle with ``valid`` and ``ready``; none is while a program runs.
    """

    def __init__(self, config: AcceleratorConfig):
        super().__init__(
            {
                "valid": Out(1),
                "ready": In(1),
                "write": Out(1),
                "row": Out(ceil_log2(config.scratchpad_rows)),
                "mask": Out(config.banks),
                "data": Out(data.ArrayLayout(Word, config.banks)),
            }
        )


class HostResponse(wiring.Signature):
    """The row of a read request, one cycle after it was taken."""

    def __init__(self, config: AcceleratorConfig):
        super().__init__({"valid": Out(1), "data": Out(data.ArrayLayout(Word, config.banks))})


class Accelerator(wiring.Component):
    """PINTA: executes programs of GEMMs on SMX tensors in its scratchpad.

    Members
    -------
    host_request, host_response
        Access to the scratchpad.
    program_write, start, length, busy, done, retired, retired_cycles, cycles
        See `Sequencer`.
    nan : Out(1)
        Sticky: a NaN block was written since the last start.
    conflict : Out(1)
        Sticky: two clients met at a scratchpad group since the last start.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "host_request": In(HostRequest(config)),
                "host_response": Out(HostResponse(config)),
                "program_write": In(ProgramWrite(config)),
                "start": In(1),
                "length": In(range(config.program_depth + 1)),
                "busy": Out(1),
                "done": Out(1),
                "retired": Out(1),
                "retired_cycles": Out(CYCLE_BITS),
                "cycles": Out(CYCLE_BITS),
                "nan": Out(1),
                "conflict": Out(1),
            }
        )

    @property
    def config(self) -> AcceleratorConfig:
        """The configuration that this accelerator was built from."""
        return self._config

    def elaborate(self, platform):
        m = Module()
        config = self._config
        scratchpad = place(
            m, "scratchpad", Scratchpad(config, ("a", "b", "host_read"), ("write", "host_write")), platform
        )
        gemm_unit = place(m, "gemm_unit", GemmUnit(config), platform)
        sequencer = place(m, "sequencer", Sequencer(config), platform)
        wiring.connect(m, gemm_unit.a_memory, scratchpad.a)
        wiring.connect(m, gemm_unit.b_memory, scratchpad.b)
        wiring.connect(m, gemm_unit.result_memory, scratchpad.write)
        wiring.connect(m, wiring.flipped(self.program_write), sequencer.program_write)
        m.d.comb += [
            sequencer.start.eq(self.start),
            sequencer.length.eq(self.length),
            sequencer.gemm_done.eq(gemm_unit.done),
            gemm_unit.start.eq(sequencer.gemm_start),
            gemm_unit.gemm.eq(sequencer.gemm),
            self.busy.eq(sequencer.busy),
            self.done.eq(sequencer.done),
            self.retired.eq(sequencer.retired),
            self.retired_cycles.eq(sequencer.retired_cycles),
            self.cycles.eq(sequencer.cycles),
        ]
        for sticky, event in ((self.nan, gemm_unit.nan), (self.conflict, scratchpad.conflict)):
            with m.If(self.start & ~sequencer.busy):
                m.d.sync += sticky.eq(0)
            with m.Elif(event):
                m.d.sync += sticky.eq(1)
        self._build_host(m, scratchpad, sequencer)
        return m

    def _build_host(self, m: Module, scratchpad: Scratchpad, sequencer: Sequencer) -> None:
        config, request = self._config, self.host_request
        m.d.comb += request.ready.eq(~sequencer.busy)
        taken = request.valid & request.ready
        group = request.row[ceil_log2(config.words) :]
        m.d.comb += [scratchpad.host_read.group.eq(group), scratchpad.host_write.group.eq(group)]
        for bank in range(config.banks):
            m.d.comb += [
                scratchpad.host_read.enable[bank].eq(taken & ~request.write & request.mask[bank]),
                scratchpad.host_read.row[bank].eq(request.row),
                scratchpad.host_write.enable[bank].eq(taken & request.write & request.mask[bank]),
                scratchpad.host_write.row[bank].eq(request.row),
                scratchpad.host_write.data[bank].eq(request.data[bank]),
                self.host_response.data[bank].eq(scratchpad.host_read.data[bank]),
            ]
        m.d.sync += self.host_response.valid.eq(taken & ~request.write)
