"""The GEMM unit: from an instruction and a scratchpad to results there or in real memory."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .array.array import PeArray
from .clock_gate import gate
from .instruction import gemm_layout
from .memory.real_memory import RealPort
from .memory.scratchpad import ReadSignature, WriteSignature
from .operands.fetch import Fetch
from .placement import place
from .results.beat_walk import BeatWalk
from .results.quantizer import Quantizer
from .results.real_writer import RealWriter
from .results.writer import Writer
from .smx import Width
from .spec.config import AcceleratorConfig
from .spec.isa.real_memory import REAL_GROUPS

_FLOW_CYCLES = 2 * Quantizer.latency + 1
"""A beat of two planes more than fit in a cycle takes two to write, and so does each of those before it."""


class GemmUnit(wiring.Component):
    """Executes one GEMM at a time: fetch, array, then quantizers and writer, or the real writer.

    Latency: `spec.timing.gemm_cycles`.

    Members
    -------
    start : In(1)
        Begin `gemm`, which stays constant until `done`.
    done : Out(1)
        The last result is being written in this cycle.
    nan : Out(1)
        A NaN block was written, or is about to be.
    a_memory, b_memory, result_memory : Out
        Scratchpad clients.
    real_memory : Out
        Client of each group of the real memory.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "gemm": In(gemm_layout(config)),
                "done": Out(1),
                "nan": Out(1),
                "a_memory": Out(ReadSignature(config)),
                "b_memory": Out(ReadSignature(config)),
                "result_memory": Out(WriteSignature(config)),
                "real_memory": Out(RealPort(config)).array(REAL_GROUPS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self._config
        fetch = place(m, "fetch", Fetch(config), platform)
        array = place(m, "array", PeArray(config), platform)
        to_real = self.gemm.to_real
        results_flow = self._build_flow(m, array.results.valid & ~to_real)
        clock = gate(m, "quantizer_clock", results_flow, platform)
        quantizers = [place(m, f"quantizer_{n}", Quantizer(), platform, clock=clock) for n in range(config.quantizers)]
        walk = place(m, "beat_walk", BeatWalk(config), platform)
        writer = place(m, "writer", Writer(config), platform)
        by_real_writer, real_start = Signal(), Signal()  # its clock runs from then on
        m.d.sync += [by_real_writer.eq(to_real), real_start.eq(self.start)]
        clock = gate(m, "real_writer_clock", by_real_writer, platform)
        real_writer = place(m, "real_writer", RealWriter(config), platform, clock=clock)
        wiring.connect(m, wiring.flipped(self.a_memory), fetch.a_memory)
        wiring.connect(m, wiring.flipped(self.b_memory), fetch.b_memory)
        wiring.connect(m, wiring.flipped(self.result_memory), writer.memory)
        for own, port in zip(self.real_memory, real_writer.memory, strict=True):
            wiring.connect(m, wiring.flipped(own), port)
        wiring.connect(m, fetch.a, array.a)
        wiring.connect(m, fetch.b, array.b)
        wiring.connect(m, fetch.steps, array.steps)
        m.d.comb += [
            fetch.start.eq(self.start),
            fetch.gemm.eq(self.gemm),
            walk.start.eq(self.start),
            walk.gemm.eq(self.gemm),
            writer.gemm.eq(self.gemm),
            writer.beat.eq(walk.beat),
            real_writer.start.eq(real_start),
            real_writer.gemm.eq(self.gemm),
            real_writer.beat.eq(walk.beat),
            self.done.eq(writer.done | real_writer.done),
            self.nan.eq(Cat(quantizer.nan for quantizer in quantizers).any() | real_writer.nan),
            # The quantizers move in step: one of them speaks for all.
            array.results.ready.eq(Mux(to_real, real_writer.blocks.ready, quantizers[0].i.ready)),
            writer.blocks.valid.eq(quantizers[0].o.valid),
            real_writer.blocks.valid.eq(array.results.valid & to_real),
            real_writer.blocks.payload.eq(array.results.payload),
            walk.next.eq(
                (writer.blocks.valid & writer.blocks.ready) | (real_writer.blocks.valid & real_writer.blocks.ready)
            ),
        ]
        for index, quantizer in enumerate(quantizers):
            m.d.comb += [
                quantizer.i.valid.eq(array.results.valid & ~to_real),
                quantizer.i.payload.eq(array.results.payload[index]),
                quantizer.width.eq(Width(self.gemm.result_width)),
                quantizer.o.ready.eq(writer.blocks.ready),
                writer.blocks.payload[index].eq(quantizer.o.payload),
            ]
        return m

    def _build_flow(self, m: Module, arriving):
        """Whether blocks are on their way through the quantizers, which a beat leaves within `_FLOW_CYCLES`."""
        left = Signal(range(_FLOW_CYCLES + 1))
        with m.If(arriving):
            m.d.sync += left.eq(_FLOW_CYCLES)
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        return arriving | (left != 0)
