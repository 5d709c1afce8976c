"""The banked scratchpad: groups of single-port banks, each group serving one client at a time."""

from collections.abc import Sequence

from amaranth import Array, Assert, Cat, Const, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.placement import place
from pinta_hw.spec.config import WORD_BITS, AcceleratorConfig
from pinta_hw.spec.formats import EXPONENT_BITS, PLANE_BITS

from .bank import Bank


def group_of(config: AcceleratorConfig, word: Value) -> Value:
    """The scratchpad group that an address of the scratchpad lies in."""
    return Value.cast(word)[ceil_log2(config.group_words) : ceil_log2(config.scratchpad_words)]


class Word(data.Struct):
    """A scratchpad word: one digit plane and a copy of its block's exponent."""

    plane: PLANE_BITS
    exponent: EXPONENT_BITS


assert data.Layout.cast(Word).size == WORD_BITS


class ReadSignature(wiring.Signature):
    """A client that reads up to one word a bank position, of one group a cycle; data follow one cycle later.

    `row` counts through all groups. That it lies in `group` too is for the client to keep, and checked.
    """

    def __init__(self, config: AcceleratorConfig):
        super().__init__(
            {
                "group": Out(ceil_log2(config.groups)),
                "enable": Out(1).array(config.banks),
                "row": Out(ceil_log2(config.scratchpad_rows)).array(config.banks),
                "data": In(Word).array(config.banks),
            }
        )


class WriteSignature(wiring.Signature):
    """A client that writes up to one word a bank position, of one group a cycle, like a reading one."""

    def __init__(self, config: AcceleratorConfig):
        super().__init__(
            {
                "group": Out(ceil_log2(config.groups)),
                "enable": Out(1).array(config.banks),
                "row": Out(ceil_log2(config.scratchpad_rows)).array(config.banks),
                "data": Out(Word).array(config.banks),
            }
        )


class Scratchpad(wiring.Component):
    """All groups, and the switch between them and their clients.

    Rows run through one group after the other, and any group serves any client, one at a time: two clients must not ask
    for one group in one cycle. The program's allocation excludes it, `conflict` reports it, and simulation stops on it.

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
        Two clients asked for the same group in this cycle.
    outside : Out(1)
        A client asked for a row outside the group that it names, or behind the last one.
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
        depth_bits = ceil_log2(config.words)
        accesses = [self._access(client) for client in readers] + [
            self._access(client, client.data) for client in writers
        ]
        asking = [Cat(client.enable).any() for client in readers + writers]

        outputs, conflicts = [], []
        for group in range(config.groups):
            access = Signal(self._access_layout, name=f"access_{group}")
            asks = []
            for client, given, active in zip(readers + writers, accesses, asking, strict=True):
                ask = Signal(name=f"ask_{group}_{len(asks)}")
                m.d.comb += ask.eq(active & (client.group == group))
                with m.If(ask):
                    # All banks at once: the switch chooses a client for a group, not for each bank.
                    m.d.comb += access.eq(given)
                asks.append(ask)
            conflicts.append(sum(asks) > 1)
            banks = []
            for index in range(config.banks):
                bank = place(m, f"bank_{group}_{index}", Bank(config.words, WORD_BITS), platform)
                m.d.comb += [
                    bank.enable.eq(access.enable[index]),
                    bank.write.eq(access.write),
                    bank.address.eq(access.address[index]),
                    bank.write_data.eq(access.data[index]),
                ]
                banks.append(bank.read_data)
            outputs.append(Cat(banks))
        m.d.comb += [
            self.conflict.eq(Cat(conflicts).any()),
            self.outside.eq(
                Cat(
                    (Cat(client.enable).any() & (client.group >= config.groups))
                    | Cat(
                        enable & (row[depth_bits:] != client.group)
                        for enable, row in zip(client.enable, client.row, strict=True)
                    ).any()
                    for client in readers + writers
                ).any()
            ),
        ]
        m.d.sync += Assert(~self.conflict, "two clients of one scratchpad group")

        for name, client, active in zip(self._readers, readers, asking, strict=False):
            # Data stay on the output of the group that was read last, whatever the client asks next.
            served = Signal(ceil_log2(config.groups), name=f"{name}_served")
            with m.If(active):
                m.d.sync += served.eq(client.group)
            words = Signal(data.ArrayLayout(Word, config.banks), name=f"{name}_words")
            m.d.comb += words.eq(Array(outputs)[served])
            m.d.comb += [client.data[index].eq(words[index]) for index in range(config.banks)]
        return m

    @property
    def _access_layout(self) -> data.StructLayout:
        """What a group is asked for in a cycle."""
        banks = self._config.banks
        return data.StructLayout(
            {
                "enable": banks,
                "write": 1,
                "address": data.ArrayLayout(ceil_log2(self._config.words), banks),
                "data": data.ArrayLayout(WORD_BITS, banks),
            }
        )

    def _access(self, client, words=None) -> Value:
        """What a client asks for, in `_access_layout`."""
        banks, depth_bits = self._config.banks, ceil_log2(self._config.words)
        return Cat(
            Cat(client.enable),
            Const(words is not None, 1),
            *(client.row[index][:depth_bits] for index in range(banks)),
            *((Const(0, WORD_BITS),) * banks if words is None else (word.as_value() for word in words)),
        )
