"""Reads a matrix of FP32 words, block by block."""

from amaranth import Array, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.instruction import operation_layout
from pinta_hw.memory.real_memory import RealPort
from pinta_hw.real.float32 import Float32
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.formats import BLOCK_SIDE
from pinta_hw.spec.isa.instruction import Unit
from pinta_hw.spec.isa.real_memory import REAL_GROUPS


class RowFetch(wiring.Component):
    """Delivers the rows of a matrix's blocks; blocks come row by row, padded with zeros.

    Latency: four cycles from `start` to the first row, or seven where a row takes four accesses. Throughput: a row a
    cycle, or one in four (`spec.convert_timing.whole_rows`).

    Members
    -------
    start : In(1)
        Begin `convert`, which stays constant while rows come.
    memory : Out
        Client of each group of the real memory; it only reads. An access does not reach from one group into the next.
    row : Out
        Four elements.
    valid : Out(1)
        There is a row; it is to be taken.
    first, last : Out(1)
        It is the first or the last one of its block.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "convert": In(operation_layout(config, Unit.CONVERT)),
                "memory": Out(RealPort(config)).array(REAL_GROUPS),
                "row": Out(data.ArrayLayout(Float32(), BLOCK_SIDE)),
                "valid": Out(1),
                "first": Out(1),
                "last": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        convert = self.convert
        whole = Signal()  # one access reads a row
        m.d.comb += whole.eq(
            ~convert.inner_columns[: ceil_log2(BLOCK_SIDE)].any() | (convert.inner_columns >= convert.columns)
        )

        running = Signal()
        row, element = Signal(range(BLOCK_SIDE)), Signal(range(BLOCK_SIDE))
        rows_left, columns_left = Signal.like(convert.rows), Signal.like(convert.columns)
        row_end, block_end, column_last, row_last = (
            Signal(name=n) for n in ("row_end", "block_end", "column_last", "row_last")
        )
        m.d.comb += [
            row_end.eq(whole | (element == BLOCK_SIDE - 1)),
            block_end.eq(row_end & (row == BLOCK_SIDE - 1)),
            column_last.eq(columns_left <= BLOCK_SIDE),
            row_last.eq(rows_left <= BLOCK_SIDE),
        ]
        with m.If(self.start):
            m.d.sync += [
                running.eq(1),
                row.eq(0),
                element.eq(0),
                rows_left.eq(convert.rows),
                columns_left.eq(convert.columns),
            ]
        with m.Elif(running):
            m.d.sync += element.eq(Mux(row_end, 0, element + 1))
            with m.If(row_end):
                m.d.sync += row.eq(row + 1)
            with m.If(block_end):
                m.d.sync += columns_left.eq(Mux(column_last, convert.columns, columns_left - BLOCK_SIDE))
            with m.If(block_end & column_last):
                m.d.sync += [rows_left.eq(rows_left - BLOCK_SIDE), running.eq(~row_last)]

        row_address = self._build_row_address(m, running & row_end, block_end, column_last)
        column_address = self._build_column_address(m, running, whole, row_end, block_end, column_last)

        # What an access is for travels beside it.
        access_layout = data.StructLayout(
            {
                "group": ceil_log2(REAL_GROUPS),
                "present": BLOCK_SIDE,  # columns inside the matrix
                "loads": BLOCK_SIDE,  # columns that this access is for
                "whole": 1,
                "row_end": 1,
                "first": 1,
                "last": 1,
            }
        )
        now, asked, arriving = (Signal(access_layout, name=n) for n in ("now", "asked", "arriving"))
        word = Signal(ceil_log2(self._config.real_memory_words))
        group_bits = ceil_log2(self._config.real_group_words)
        address = Signal(group_bits)
        enable = Signal(BLOCK_SIDE)
        m.d.comb += [
            word.eq(row_address + column_address),
            now.group.eq(word[group_bits:]),
            now.whole.eq(whole),
            now.row_end.eq(running & row_end),
            now.first.eq(row == 0),
            now.last.eq(row == BLOCK_SIDE - 1),
        ]
        for column in range(BLOCK_SIDE):
            m.d.comb += [
                now.present[column].eq((row < rows_left) & (column < columns_left)),
                now.loads[column].eq(running & (whole | (element == column))),
            ]
        wanted = now.present & now.loads
        m.d.sync += [
            asked.eq(now),
            arriving.eq(asked),
            address.eq(word),
            # Of an access for one element that is the first word.
            enable.eq(Mux(whole, wanted, wanted.any())),
        ]
        for group, port in enumerate(self.memory):
            m.d.comb += [
                port.enable.eq(Mux(asked.group == group, enable, 0)),
                port.write.eq(0),
                port.address.eq(address),
            ]
        words = Array(port.data_in for port in self.memory)[arriving.group]
        for column in range(BLOCK_SIDE):
            element_word = Mux(arriving.whole, words[column], words[0])
            with m.If(arriving.loads[column]):
                m.d.sync += self.row[column].as_value().eq(Mux(arriving.present[column], element_word, 0))
        m.d.sync += [self.valid.eq(arriving.row_end), self.first.eq(arriving.first), self.last.eq(arriving.last)]
        return m

    def _build_row_address(self, m: Module, next_row, block_end, column_last):
        """Where the present row begins; the rows of a block row come again for every block."""
        convert = self.convert
        state = data.StructLayout(
            {"address": len(convert.real_base), "outer": len(convert.real_base), "inner": len(convert.inner_rows)}
        )
        here, after, begin = (Signal(state, name=f"row_{n}") for n in ("here", "after", "begin"))
        with m.If(here.inner + 1 == convert.inner_rows):
            m.d.comb += [
                after.inner.eq(0),
                after.outer.eq(here.outer + convert.outer_row_stride),
                after.address.eq(after.outer),
            ]
        with m.Else():
            m.d.comb += [
                after.inner.eq(here.inner + 1),
                after.outer.eq(here.outer),
                after.address.eq(here.address + convert.row_stride),
            ]
        with m.If(self.start):
            for register in (here, begin):
                m.d.sync += [
                    register.inner.eq(0),
                    register.outer.eq(convert.real_base),
                    register.address.eq(convert.real_base),
                ]
        with m.Elif(next_row):
            m.d.sync += here.eq(Mux(block_end & ~column_last, begin, after))
            with m.If(block_end & column_last):
                m.d.sync += begin.eq(after)
        return here.address

    def _build_column_address(self, m: Module, running, whole, row_end, block_end, column_last):
        """How far from its row's beginning the present access begins; the columns of a block come for every row."""
        convert = self.convert
        state = data.StructLayout({"outer": len(convert.real_base), "inner": len(convert.inner_columns)})
        here, after, begin = (Signal(state, name=f"column_{n}") for n in ("here", "after", "begin"))
        reached = Signal(len(convert.inner_columns) + 1)
        m.d.comb += reached.eq(here.inner + Mux(whole, BLOCK_SIDE, 1))
        with m.If(reached == convert.inner_columns):
            m.d.comb += [after.inner.eq(0), after.outer.eq(here.outer + convert.outer_column_stride)]
        with m.Else():
            m.d.comb += [after.inner.eq(reached), after.outer.eq(here.outer)]
        with m.If(self.start | (running & block_end & column_last)):
            m.d.sync += [here.eq(0), begin.eq(0)]
        with m.Elif(running):
            m.d.sync += here.eq(Mux(row_end & ~block_end, begin, after))
            with m.If(block_end):
                m.d.sync += begin.eq(after)
        return here.outer + here.inner
