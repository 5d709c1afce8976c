"""The banked scratchpad: groups of single-port banks, each bank serving one client at a time."""

from amaranth import Array, Assert, Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.placement import place
from pinta_hw.spec.config import WORD_BITS, AcceleratorConfig
from pinta_hw.spec.formats import EXPONENT_BITS, PLANE_BITS

from .bank import Bank


class Word(data.Struct):
    """A scratchpad word: one digit plane and a copy of its block's exponent."""

    plane: PLANE_BITS
    exponent: EXPONENT_BITS


assert data.Layout.cast(Word).size == WORD_BITS


class ReadSignature(wiring.Signature):
    """A client that reads up to one word a bank position, of any group; data follow one cycle later."""

    def __init__(self, config: AcceleratorConfig):
        super().__init__(
            {
                "enable": Out(1).array(config.banks),
                "row": Out(ceil_log2(config.scratchpad_rows)).array(config.banks),
                "data": In(Word).array(config.banks),
            }
        )


class WriteSignature(wiring.Signature):
    """A client that writes up to one word a bank position, of any group."""

    def __init__(self, config: AcceleratorConfig):
        super().__init__(
            {
                "enable": Out(1).array(config.banks),
                "row": Out(ceil_log2(config.scratchpad_rows)).array(config.banks),
                "data": Out(Word).array(config.banks),
            }
        )


class Scratchpad(wiring.Component):
    """All groups, and the switch between them and their clients.

    Rows run through one group after the other, and any group serves any client. Two clients must not touch
    one bank in one cycle: the program's allocation excludes it, `conflict` reports it, and simulation stops on it.

    Latency: one cycle from a read's address to its data. Throughput: one word a bank and cycle.

    Members
    -------
    a, b, write, host_read, host_write
        The clients.
    conflict : Out(1)
        Two clients asked for the same bank in this cycle.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "a": In(ReadSignature(config)),
                "b": In(ReadSignature(config)),
                "host_read": In(ReadSignature(config)),
                "write": In(WriteSignature(config)),
                "host_write": In(WriteSignature(config)),
                "conflict": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self._config
        readers = [self.a, self.b, self.host_read]
        writers = [self.write, self.host_write]
        outputs = [[] for _ in range(config.banks)]
        conflicts = []
        depth_bits = ceil_log2(config.words)
        for group in range(config.groups):
            for index in range(config.banks):
                bank = place(m, f"bank_{group}_{index}", Bank(config.words, WORD_BITS), platform)
                asks = []
                for client in readers + writers:
                    ask = Signal(name=f"ask_{group}_{index}_{len(asks)}")
                    m.d.comb += ask.eq(client.enable[index] & (client.row[index][depth_bits:] == group))
                    with m.If(ask):
                        m.d.comb += bank.address.eq(client.row[index][:depth_bits])
                    asks.append(ask)
                for client, ask in zip(writers, asks[len(readers) :], strict=True):
                    with m.If(ask):
                        m.d.comb += [bank.write.eq(1), bank.write_data.eq(client.data[index])]
                m.d.comb += bank.enable.eq(Cat(asks).any())
                conflicts.append(sum(asks) > 1)
                outputs[index].append(bank.read_data)
        m.d.comb += self.conflict.eq(Cat(conflicts).any())
        m.d.sync += Assert(~self.conflict, "two clients of one scratchpad bank")

        for name, client in zip(("a", "b", "host"), readers, strict=True):
            for index in range(config.banks):
                # Data stay on the output of the group that was read last, whatever the client asks next.
                served = Signal(ceil_log2(config.groups), name=f"{name}_served_{index}")
                with m.If(client.enable[index]):
                    m.d.sync += served.eq(client.row[index][depth_bits:])
                m.d.comb += client.data[index].eq(Array(outputs[index])[served])
        return m
