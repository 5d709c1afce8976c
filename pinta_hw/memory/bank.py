"""One single-port scratchpad bank: the place that a memory macro takes in silicon."""

from amaranth import Module
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2


class Bank(wiring.Component):
    """``words`` x ``width`` bits with one port: a read or a write a cycle.

    Read latency is one cycle; the output holds its value until the next read.

    Parameters
    ----------
    words : int
        Depth.
    width : int
        Bits of a word.

    Members
    -------
    enable, write, address, write_data : In
        The access of this cycle.
    read_data : Out
        The word read last.
    """

    def __init__(self, words: int, width: int):
        self._words = words
        self._width = width
        super().__init__(
            {
                "enable": In(1),
                "write": In(1),
                "address": In(ceil_log2(words)),
                "write_data": In(width),
                "read_data": Out(width),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.cells = cells = memory.Memory(shape=self._width, depth=self._words, init=[])
        read = cells.read_port()
        write = cells.write_port()
        m.d.comb += [
            read.en.eq(self.enable & ~self.write),
            read.addr.eq(self.address),
            self.read_data.eq(read.data),
            write.en.eq(self.enable & self.write),
            write.addr.eq(self.address),
            write.data.eq(self.write_data),
        ]
        return m
