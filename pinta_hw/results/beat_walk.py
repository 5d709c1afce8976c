"""Where the beats of a GEMM's results belong."""

from amaranth import Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.instruction import gemm_layout
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.formats import BLOCK_SIDE
from pinta_hw.spec.grouping import drains_by_columns
from pinta_hw.spec.isa.gemm import SIZE_BITS


def beat_layout(config: AcceleratorConfig) -> data.StructLayout:
    """The place of a beat of up to ``quantizers`` blocks, which are neighbours in a *line* of the tile.

    Members
    -------
    address, stride : of the first block (its plane 0, or its element (0, 0)), and from block to block, in words
    count : blocks of the line from this beat on, those of later beats included
    by_columns : the line runs down a column
    along_end : the line's last block is the result's last one in the line's direction
    across_end : the line is the result's last one
    last : no beat follows
    """
    address = ceil_log2(max(config.scratchpad_words, config.real_memory_words))
    return data.StructLayout(
        {
            "address": address,
            "stride": address,
            "count": range(config.units + 1),
            "by_columns": 1,
            "along_end": 1,
            "across_end": 1,
            "last": 1,
        }
    )


class BeatWalk(wiring.Component):
    """Follows the beats of one GEMM in the order in which the array sends them.

    Latency: a beat's place stands at the output in the cycle after `start` or the `next` before it.

    Members
    -------
    start : In(1)
        Begin with the results of `gemm`, which stays constant until its last beat.
    next : In(1)
        The beat at the output is done.
    beat : Out
        Its place.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "gemm": In(gemm_layout(config)),
                "next": In(1),
                "beat": Out(beat_layout(config)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config, gemm, beat = self._config, self.gemm, self.beat
        quantizers = config.quantizers
        base, row_stride, column_stride = (Signal.like(beat.address, name=n) for n in ("base", "row", "column"))
        below = gemm.real_row_stride * Const(BLOCK_SIDE)  # from block row to block row in memory
        with m.If(gemm.to_real):
            m.d.comb += [
                base.eq(gemm.real_base),
                row_stride.eq(Mux(gemm.real_transposed, BLOCK_SIDE, below)),
                column_stride.eq(Mux(gemm.real_transposed, below, BLOCK_SIDE)),
            ]
        with m.Else():
            m.d.comb += [
                base.eq(gemm.result_base),
                row_stride.eq(gemm.result_row_stride),
                column_stride.eq(gemm.result_column_stride),
            ]

        rows, columns = (Signal(range(config.units + 1), name=n) for n in ("rows", "columns"))
        by_columns = Signal()
        tile_row_step, tile_column_step, outer_stride = (
            Signal.like(beat.address, name=n) for n in ("tile_row_step", "tile_column_step", "outer_stride")
        )
        with m.Switch(gemm.grouping):
            for code, grouping in enumerate(config.groupings):
                with m.Case(code):
                    m.d.comb += [
                        rows.eq(grouping.rows),
                        columns.eq(grouping.columns),
                        by_columns.eq(drains_by_columns(config, grouping)),
                        tile_row_step.eq(row_stride * Const(grouping.rows)),
                        tile_column_step.eq(column_stride * Const(grouping.columns)),
                    ]

        rows_left, columns_left = (Signal(SIZE_BITS, name=n) for n in ("rows_left", "columns_left"))
        tile_rows, tile_columns, inner_left, outer_left = (
            Signal.like(rows, name=n) for n in ("tile_rows", "tile_columns", "inner_left", "outer_left")
        )
        row_word, tile_word, outer_word, beat_word = (
            Signal.like(beat.address, name=n) for n in ("row_word", "tile_word", "outer_word", "beat_word")
        )
        inner_last, outer_last, column_last, row_last = (
            Signal(name=n) for n in ("inner_last", "outer_last", "column_last", "row_last")
        )
        m.d.comb += [
            inner_last.eq(inner_left <= quantizers),
            outer_last.eq(outer_left == 1),
            outer_stride.eq(Mux(by_columns, column_stride, row_stride)),
            beat.address.eq(beat_word),
            beat.stride.eq(Mux(by_columns, row_stride, column_stride)),
            beat.count.eq(inner_left),
            beat.by_columns.eq(by_columns),
            beat.along_end.eq(Mux(by_columns, row_last, column_last)),
            beat.across_end.eq(outer_last & Mux(by_columns, column_last, row_last)),
            beat.last.eq(inner_last & outer_last & column_last & row_last),
        ]

        def open_tile(row_count, column_count, at):
            """Counters of a tile, with which ``row_count`` x ``column_count`` blocks are still to come.

            Whether it is the last one is known when it opens: whoever ends a beat decides in that cycle whether the
            whole array moves.
            """
            lowest, rightmost = row_count <= rows, column_count <= columns
            here_rows, here_columns = Mux(lowest, row_count, rows), Mux(rightmost, column_count, columns)
            inner, outer = Mux(by_columns, here_rows, here_columns), Mux(by_columns, here_columns, here_rows)
            return [
                row_last.eq(lowest),
                column_last.eq(rightmost),
                tile_rows.eq(here_rows),
                tile_columns.eq(here_columns),
                inner_left.eq(inner),
                outer_left.eq(outer),
                tile_word.eq(at),
                outer_word.eq(at),
                beat_word.eq(at),
            ]

        next_columns, next_rows = (Signal(SIZE_BITS, name=n) for n in ("next_columns", "next_rows"))
        next_row_word, next_tile_word = (Signal.like(row_word, name=n) for n in ("next_row_word", "next_tile_word"))
        m.d.comb += [
            next_columns.eq(Mux(column_last, gemm.column_blocks, columns_left - columns)),
            next_rows.eq(Mux(column_last, rows_left - rows, rows_left)),
            next_row_word.eq(row_word + tile_row_step),
            next_tile_word.eq(Mux(column_last, next_row_word, tile_word + tile_column_step)),
        ]
        with m.If(self.start):
            m.d.sync += [
                rows_left.eq(gemm.row_blocks),
                columns_left.eq(gemm.column_blocks),
                row_word.eq(base),
                *open_tile(gemm.row_blocks, gemm.column_blocks, base),
            ]
        with m.Elif(self.next & ~inner_last):
            m.d.sync += [
                inner_left.eq(inner_left - quantizers),
                beat_word.eq(beat_word + (beat.stride << ceil_log2(quantizers))),
            ]
        with m.Elif(self.next & ~outer_last):
            m.d.sync += [
                inner_left.eq(Mux(by_columns, tile_rows, tile_columns)),
                outer_left.eq(outer_left - 1),
                outer_word.eq(outer_word + outer_stride),
                beat_word.eq(outer_word + outer_stride),
            ]
        with m.Elif(self.next):
            m.d.sync += [
                rows_left.eq(next_rows),
                columns_left.eq(next_columns),
                *open_tile(next_rows, next_columns, next_tile_word),
            ]
            with m.If(column_last):
                m.d.sync += row_word.eq(next_row_word)
        return m
