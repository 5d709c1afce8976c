"""Writes blocks to the scratchpad, one digit plane a cycle."""

from amaranth import Array, Module, Mux, Signal
from amaranth.hdl import signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.instruction import operation_layout
from pinta_hw.memory.scratchpad import WriteSignature, group_of
from pinta_hw.smx import MAX_PLANES
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.formats import BLOCK_ELEMENTS, BLOCK_SIDE, DIGIT_BITS, EXPONENT_BITS, NAN_EXPONENT, SMX_BITS
from pinta_hw.spec.isa.instruction import Unit


def block_layout() -> data.StructLayout:
    """A block's mantissas, row-major, and its stored exponent."""
    return data.StructLayout(
        {"mantissas": data.ArrayLayout(signed(max(SMX_BITS)), BLOCK_ELEMENTS), "exponent": EXPONENT_BITS}
    )


class PlaneWriter(wiring.Component):
    """Takes the blocks of a result, row by row, and writes their digit planes.

    Latency: one cycle from a block to its first plane. Throughput: a block in four cycles.

    Members
    -------
    start : In(1)
        Begin with the result of `convert`, which stays constant until `done`.
    block : In(block_layout())
    valid : In(1)
        There is a block; the next one comes four cycles later or after that.
    memory : Out
        The scratchpad client.
    done : Out(1)
        The last plane is being written in this cycle.
    nan : Out(1)
        A NaN block is being written.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "convert": In(operation_layout(config, Unit.CONVERT)),
                "block": In(block_layout()),
                "valid": In(1),
                "memory": Out(WriteSignature(config)),
                "done": Out(1),
                "nan": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        convert = self.convert
        bank_bits = ceil_log2(self._config.banks)

        block = Signal(block_layout(), reset_less=True)
        writing = Signal()
        plane = Signal(range(MAX_PLANES))
        plane_last = Signal()
        m.d.comb += plane_last.eq(plane == convert.tensor_width)
        with m.If(self.valid):
            m.d.sync += [block.eq(self.block), writing.eq(1), plane.eq(0)]
        with m.Elif(writing):
            m.d.sync += [plane.eq(plane + 1), writing.eq(~plane_last)]

        # Blocks and their planes one after the other; `row_word` and `block_word` are where they begin.
        word, block_word, row_word = (
            Signal.like(convert.tensor_base, name=n) for n in ("word", "block_word", "row_word")
        )
        next_row, next_block = (Signal.like(word, name=n) for n in ("next_row", "next_block"))
        rows_left, columns_left = Signal.like(convert.rows), Signal.like(convert.columns)
        column_last = columns_left <= BLOCK_SIDE
        block_end = writing & plane_last
        m.d.comb += [
            next_row.eq(row_word + convert.tensor_row_stride),
            next_block.eq(Mux(column_last, next_row, block_word + convert.tensor_column_stride)),
            self.done.eq(block_end & column_last & (rows_left <= BLOCK_SIDE)),
            self.nan.eq(block_end & (block.exponent == NAN_EXPONENT)),
        ]
        with m.If(self.start):
            m.d.sync += [
                word.eq(convert.tensor_base),
                block_word.eq(convert.tensor_base),
                row_word.eq(convert.tensor_base),
                rows_left.eq(convert.rows),
                columns_left.eq(convert.columns),
            ]
        with m.Elif(block_end):
            m.d.sync += [
                word.eq(next_block),
                block_word.eq(next_block),
                columns_left.eq(Mux(column_last, convert.columns, columns_left - BLOCK_SIDE)),
            ]
            with m.If(column_last):
                m.d.sync += [row_word.eq(next_row), rows_left.eq(rows_left - BLOCK_SIDE)]
        with m.Elif(writing):
            m.d.sync += word.eq(word + convert.tensor_plane_stride)

        digits = [
            Array(mantissa.word_select(index, DIGIT_BITS) for index in range(MAX_PLANES))[plane]
            for mantissa in (block.mantissas[n] for n in range(BLOCK_ELEMENTS))
        ]
        m.d.comb += self.memory.group.eq(group_of(self._config, word))
        for bank in range(self._config.banks):
            m.d.comb += [
                self.memory.enable[bank].eq(writing & (word[:bank_bits] == bank)),
                self.memory.row[bank].eq(word[bank_bits:]),
                self.memory.data[bank].exponent.eq(block.exponent),
            ]
            for index, digit in enumerate(digits):
                m.d.comb += self.memory.data[bank].plane.word_select(index, DIGIT_BITS).eq(digit)
        return m
