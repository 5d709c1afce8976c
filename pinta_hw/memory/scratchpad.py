"""The banked scratchpad: groups of single-port banks, each bank serving one client at a time."""

from collections.abc import Sequence

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

    Latency: one cycle from a read's address to its data, which stay until the client's next read, as long as nobody
    else reads that group. Throughput: one word a bank and cycle.

    Parameters
    ----------
    config : AcceleratorConfig
    readers, writers : sequence of str
        Names of the clients, each becomes a member.

    Members
    -------
    <reader> : In(ReadSignature(config))
    <writer> : In(WriteSignature(config))
    conflict : Out(1)
        Two clients asked for the same bank in this cycle.
    outside : Out(1)
        A client asked for a row behind the last group; nothing is read or written there.
    """

    def __init__(self, config: AcceleratorConfig, readers: Sequence[str], writers: Sequence[str]):
        self._config = config
        self._readers = tuple(readers)
        self._writers = tuple(writers)
        clients = {name: In(ReadSignature(config)) for name in self._readers}
        clients |= {name: In(WriteSignature(config)) for name in self._writers}
        super().__init__(clients | {"conflict": Out(1), "outside": Out(1)})

    def elaborate(self, platform):
        m = Module()
        config = self._config
        readers = [getattr(self, name) for name in self._readers]
        writers = [getattr(self, name) for name in self._writers]
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
        m.d.comb += [
            self.conflict.eq(Cat(conflicts).any()),
            self.outside.eq(
                Cat(
                    client.enable[index] & (client.row[index][depth_bits:] >= config.groups)
                    for client in readers + writers
                    for index in range(config.banks)
                ).any()
            ),
        ]
        m.d.sync += Assert(~self.conflict, "two clients of one scratchpad bank")

        for name, client in zip(self._readers, readers, strict=True):
            for index in range(config.banks):
                # Data stay on the output of the group that was read last, whatever the client asks next.
                served = Signal(ceil_log2(config.groups), name=f"{name}_served_{index}")
                with m.If(client.enable[index]):
                    m.d.sync += served.eq(client.row[index][depth_bits:])
                m.d.comb += client.data[index].eq(Array(outputs[index])[served])
        return m
