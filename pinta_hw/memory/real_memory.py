"""The real memory: FP32 words in groups of single-port banks, each group serving one client at a time."""

from collections.abc import Sequence

from amaranth import Array, Assert, Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.placement import place
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.real_memory import REAL_BANKS, REAL_GROUPS

from .bank import Bank

REAL_WORD_BITS = 32


def real_row() -> data.ArrayLayout:
    """The words of one access, in the order of their addresses."""
    return data.ArrayLayout(REAL_WORD_BITS, REAL_BANKS)


class RealPort(wiring.Signature):
    """A client of one group, which reads or writes up to four consecutive words a cycle, wherever they begin.

    Bit k of ``enable`` stands for the word ``address + k`` of the group, element k of the data likewise; behind the
    group's last word follows its first. Data follow a read one cycle later and stay until the group's next read.
    """

    def __init__(self, config: AcceleratorConfig):
        super().__init__(
            {
                "enable": Out(REAL_BANKS),
                "write": Out(1),
                "address": Out(ceil_log2(config.real_group_words)),
                "data_out": Out(real_row()),
                "data_in": In(real_row()),
            }
        )


class RealBanks(wiring.Component):
    """The four banks of one group, and the rotation between words and banks.

    Latency: one cycle from a read's address to its data. Throughput: an access a cycle.

    Members
    -------
    port : In(RealPort(config))
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__({"port": In(RealPort(config))})

    def elaborate(self, platform):
        m = Module()
        port = self.port
        bank_bits = ceil_log2(REAL_BANKS)
        first, row = port.address[:bank_bits], port.address[bank_bits:]
        next_row = Signal(len(row))
        read_first = Signal(bank_bits)
        reads = port.enable.any() & ~port.write
        m.d.comb += next_row.eq(row + 1)
        with m.If(reads):
            m.d.sync += read_first.eq(first)

        banks = [
            place(m, f"bank_{index}", Bank(self._config.real_words, REAL_WORD_BITS), platform)
            for index in range(REAL_BANKS)
        ]
        for index, bank in enumerate(banks):
            word = (index - first)[:bank_bits]  # of the access
            is_last = index == REAL_BANKS - 1
            m.d.comb += [
                bank.enable.eq(port.enable.bit_select(word, 1)),
                bank.write.eq(port.write),
                bank.address.eq(row if is_last else Mux(index < first, next_row, row)),
                bank.write_data.eq(port.data_out[word]),
            ]
        for word in range(REAL_BANKS):
            bank_of_word = (read_first + word)[:bank_bits]
            m.d.comb += port.data_in[word].eq(Array(bank.read_data for bank in banks)[bank_of_word])
        return m


class RealMemory(wiring.Component):
    """All groups, and the switch between them and their clients.

    Two clients must not use one group in one cycle: the program's allocation excludes it, `conflict` reports it, and
    simulation stops on it. All clients of a group see the data of its last read.

    Latency: one cycle from a read's address to its data. Throughput: an access a group and cycle.

    Parameters
    ----------
    config : AcceleratorConfig
    clients : sequence of str
        Their names, each becomes a member.

    Members
    -------
    <client> : In(RealPort(config)).array(REAL_GROUPS)
        A port to each group.
    conflict : Out(1)
        Two clients used the same group in this cycle.
    """

    def __init__(self, config: AcceleratorConfig, clients: Sequence[str]):
        self._config = config
        self._clients = tuple(clients)
        ports = {client: In(RealPort(config)).array(REAL_GROUPS) for client in self._clients}
        super().__init__(ports | {"conflict": Out(1)})

    def elaborate(self, platform):
        m = Module()
        conflicts = []
        for group in range(REAL_GROUPS):
            banks = place(m, f"group_{group}", RealBanks(self._config), platform)
            asks = []
            for client in self._clients:
                port = getattr(self, client)[group]
                ask = Signal(name=f"{client}_asks_{group}")
                m.d.comb += [ask.eq(port.enable.any()), port.data_in.eq(banks.port.data_in)]
                with m.If(ask):
                    m.d.comb += [
                        banks.port.enable.eq(port.enable),
                        banks.port.write.eq(port.write),
                        banks.port.address.eq(port.address),
                        banks.port.data_out.eq(port.data_out),
                    ]
                asks.append(ask)
            conflicts.append(sum(asks) > 1)
        m.d.comb += self.conflict.eq(Cat(conflicts).any())
        m.d.sync += Assert(~self.conflict, "two clients of one group of the real memory")
        return m
