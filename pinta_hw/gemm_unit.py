"""The GEMM unit: from an instruction and a scratchpad to results in the scratchpad."""

from amaranth import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .array.array import PeArray
from .instruction import gemm_layout
from .memory.scratchpad import ReadSignature, WriteSignature
from .operands.fetch import Fetch
from .placement import place
from .results.quantizer import Quantizer
from .results.writer import Writer
from .smx import Width
from .spec.config import AcceleratorConfig


class GemmUnit(wiring.Component):
    """Executes one GEMM at a time: fetch, array, quantizers, writer.

    Latency: `spec.timing.gemm_cycles`.

    Members
    -------
    start : In(1)
        Begin `gemm`, which stays constant until `done`.
    done : Out(1)
        The last result is being written in this cycle.
    nan : Out(1)
        A NaN block was written.
    a_memory, b_memory, result_memory : Out
        Scratchpad clients.
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
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self._config
        fetch = place(m, "fetch", Fetch(config), platform)
        array = place(m, "array", PeArray(config), platform)
        quantizers = [place(m, f"quantizer_{n}", Quantizer(), platform) for n in range(config.quantizers)]
        writer = place(m, "writer", Writer(config), platform)
        wiring.connect(m, wiring.flipped(self.a_memory), fetch.a_memory)
        wiring.connect(m, wiring.flipped(self.b_memory), fetch.b_memory)
        wiring.connect(m, wiring.flipped(self.result_memory), writer.memory)
        wiring.connect(m, fetch.a, array.a)
        wiring.connect(m, fetch.b, array.b)
        wiring.connect(m, fetch.steps, array.steps)
        m.d.comb += [
            fetch.start.eq(self.start),
            fetch.gemm.eq(self.gemm),
            writer.start.eq(self.start),
            writer.gemm.eq(self.gemm),
            self.done.eq(writer.done),
            self.nan.eq(Cat(quantizer.nan for quantizer in quantizers).any()),
            # The quantizers move in step: one of them speaks for all.
            array.results.ready.eq(quantizers[0].i.ready),
            writer.blocks.valid.eq(quantizers[0].o.valid),
        ]
        for index, quantizer in enumerate(quantizers):
            m.d.comb += [
                quantizer.i.valid.eq(array.results.valid),
                quantizer.i.payload.eq(array.results.payload[index]),
                quantizer.width.eq(Width(self.gemm.result_width)),
                quantizer.o.ready.eq(writer.blocks.ready),
                writer.blocks.payload[index].eq(quantizer.o.payload),
            ]
        return m
