"""The converter: between FP32 words in real memory and SMX tensors in the scratchpad."""

from amaranth import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.instruction import operation_layout
from pinta_hw.memory.real_memory import RealPort
from pinta_hw.memory.scratchpad import ReadSignature, WriteSignature
from pinta_hw.placement import place
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.instruction import Unit
from pinta_hw.spec.isa.real_memory import REAL_GROUPS

from .decoder import Decoder
from .encoder import Encoder


class Converter(wiring.Component):
    """Executes one `spec.isa.convert.Encode` or `Decode` at a time.

    Latency: `spec.convert_timing.convert_cycles`.

    Members
    -------
    start : In(1)
        Begin `convert`, which stays constant until `done`.
    done : Out(1)
        The last word is being written in this cycle.
    nan : Out(1)
        A NaN block is being written.
    source_memory, result_memory : Out
        Scratchpad clients.
    real_memory : Out
        Client of each group of the real memory. An access (four words of a row, or of a column that is decoded) does
        not reach from one group into the next.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "convert": In(operation_layout(config, Unit.CONVERT)),
                "done": Out(1),
                "nan": Out(1),
                "source_memory": Out(ReadSignature(config)),
                "result_memory": Out(WriteSignature(config)),
                "real_memory": Out(RealPort(config)).array(REAL_GROUPS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        encoder = place(m, "encoder", Encoder(self._config), platform)
        decoder = place(m, "decoder", Decoder(self._config), platform)
        wiring.connect(m, wiring.flipped(self.source_memory), decoder.source_memory)
        wiring.connect(m, wiring.flipped(self.result_memory), encoder.result_memory)
        decode = self.convert.decode
        m.d.comb += [
            encoder.start.eq(self.start & ~decode),
            decoder.start.eq(self.start & decode),
            encoder.convert.eq(self.convert),
            decoder.convert.eq(self.convert),
            self.done.eq(encoder.done | decoder.done),
            self.nan.eq(encoder.nan),
        ]
        for port, reading, writing in zip(self.real_memory, encoder.real_memory, decoder.real_memory, strict=True):
            m.d.comb += [
                port.enable.eq(reading.enable | writing.enable),
                port.write.eq(decode),
                port.address.eq(Mux(decode, writing.address, reading.address)),
                port.data_out.eq(writing.data_out),
                reading.data_in.eq(port.data_in),
            ]
        return m
