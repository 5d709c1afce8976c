"""The elementwise unit with a scratchpad of its own, for tests."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.elementwise_unit import ElementwiseUnit
from pinta_hw.epilogue.instruction import elementwise_layout
from pinta_hw.placement import place
from pinta_hw.spec.config import WORD_BITS, AcceleratorConfig


class ElementwiseBed(wiring.Component):
    """Words that nobody reads look like all ones, one cycle after a read included.

    Members
    -------
    start, elementwise, done, nan : of the unit
    conflict : the unit asked twice for a bank of a group
    read, written : words read, and written, in this cycle
    row, write, data_in, data_out : a whole row for the host; data follow one cycle later

    Attributes
    ----------
    cells : list of Memory
        The memory of each bank position, for a simulator that reaches it.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        self.cells = [
            memory.Memory(shape=WORD_BITS, depth=config.scratchpad_rows, init=[]) for _ in range(config.banks)
        ]
        row_bits = config.banks * WORD_BITS
        super().__init__(
            {
                "start": In(1),
                "elementwise": In(elementwise_layout(config)),
                "done": Out(1),
                "nan": Out(1),
                "conflict": Out(1),
                "read": Out(range(2 * config.banks + 1)),
                "written": Out(range(config.banks + 1)),
                "row": In(ceil_log2(config.scratchpad_rows)),
                "write": In(1),
                "data_in": In(row_bits),
                "data_out": Out(row_bits),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self._config
        unit = place(m, "unit", ElementwiseUnit(config), platform)
        depth_bits = ceil_log2(config.words)
        m.d.comb += [
            unit.start.eq(self.start),
            unit.elementwise.eq(self.elementwise),
            self.done.eq(unit.done),
            self.nan.eq(unit.nan),
            self.read.eq(sum(unit.p_memory.enable) + sum(unit.q_memory.enable)),
            self.written.eq(sum(unit.result_memory.enable)),
        ]
        conflicts = []
        for bank, cells in enumerate(self.cells):
            m.submodules[f"bank_{bank}"] = cells
            host_write, host_read, write = cells.write_port(), cells.read_port(), cells.write_port()
            mine = slice(bank * WORD_BITS, (bank + 1) * WORD_BITS)
            m.d.comb += [
                host_write.en.eq(self.write),
                host_write.addr.eq(self.row),
                host_write.data.eq(self.data_in[mine]),
                host_read.addr.eq(self.row),
                host_read.en.eq(1),
                self.data_out[mine].eq(host_read.data),
                write.en.eq(unit.result_memory.enable[bank]),
                write.addr.eq(unit.result_memory.row[bank]),
                write.data.eq(unit.result_memory.data[bank]),
            ]
            for client in (unit.p_memory, unit.q_memory):
                read, served = cells.read_port(), Signal(name=f"served_{bank}")
                m.d.sync += served.eq(client.enable[bank])
                m.d.comb += [
                    read.en.eq(client.enable[bank]),
                    read.addr.eq(client.row[bank]),
                    client.data[bank].eq(Mux(served, read.data, Const(-1, WORD_BITS))),
                ]
            clients = [unit.p_memory, unit.q_memory, unit.result_memory]
            for index, one in enumerate(clients):
                for other in clients[:index]:
                    same = one.row[bank][depth_bits:] == other.row[bank][depth_bits:]
                    conflicts.append(one.enable[bank] & other.enable[bank] & same)
        m.d.comb += self.conflict.eq(Cat(conflicts).any())
        return m
