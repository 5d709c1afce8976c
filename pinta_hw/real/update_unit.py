"""The update unit: the optimizer's step on the master weights."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.memory.real_memory import RealPort
from pinta_hw.placement import place

from ..spec.config import AcceleratorConfig
from ..spec.isa.real import ADAM_SCALARS, Optimizer, update_fields
from ..spec.isa.real_memory import REAL_BANKS, REAL_GROUPS
from .update_stream import UpdateScalars, UpdateStream


def update_layout(config: AcceleratorConfig) -> data.StructLayout:
    """The fields of an update instruction."""
    return data.StructLayout(update_fields(config))


class UpdateUnit(wiring.Component):
    """Executes one update at a time: reads the step's constants, then streams the parameters.

    Latency: `spec.real_timing.update_cycles`.

    Members
    -------
    start : In(1)
        Begin `update`, which stays constant until `done`.
    update : In(update_layout(config))
        Its count is 1 or more.
    done : Out(1)
        The last row is being written in this cycle.
    memory : Out(RealPort(config)).array(REAL_GROUPS)
        Client of the real memory.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "update": In(update_layout(config)),
                "done": Out(1),
                "memory": Out(RealPort(config)).array(REAL_GROUPS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        streams = {
            optimizer: place(m, optimizer.name.lower(), UpdateStream(self._config, optimizer), platform)
            for optimizer in Optimizer
        }
        asks, address, group, scalars = self._build_scalars(m)
        for optimizer, stream in streams.items():
            chosen = self.update.optimizer == optimizer
            m.d.comb += [
                stream.start.eq(asks[1] & chosen),
                stream.row.eq(self.update.offset[ceil_log2(REAL_BANKS) :]),
                stream.count.eq(self.update.count),
                stream.scalars.eq(scalars),
            ]
            for port, streamed in zip(self.memory, stream.memory, strict=True):
                m.d.comb += streamed.data_in.eq(port.data_in)
                with m.If(chosen):
                    m.d.comb += [
                        port.enable.eq(streamed.enable),
                        port.write.eq(streamed.write),
                        port.address.eq(streamed.address),
                        port.data_out.eq(streamed.data_out),
                    ]
        for index, port in enumerate(self.memory):
            with m.If(asks.any() & (group == index)):
                m.d.comb += [port.enable.eq(~0), port.address.eq(address)]
        m.d.comb += self.done.eq(Cat(stream.done for stream in streams.values()).any())
        return m

    def _build_scalars(self, m):
        """Two reads of four words; an optimizer that needs less ignores the rest."""
        address_bits = ceil_log2(self._config.real_group_words)
        address, group = self.update.scalars[:address_bits], self.update.scalars[address_bits:]
        asks, arrives = Signal(2), Signal(2)
        m.d.sync += [asks.eq(Cat(self.start, asks)), arrives.eq(asks)]
        scalars = Signal(UpdateScalars(), reset_less=True)
        words = Array(port.data_in for port in self.memory)[group]
        for index, name in enumerate(ADAM_SCALARS):
            access, word = divmod(index, REAL_BANKS)
            with m.If(arrives[access]):
                m.d.sync += scalars[name].eq(words[word])
        return asks, (address + Mux(asks[1], REAL_BANKS, 0))[:address_bits], group, scalars
