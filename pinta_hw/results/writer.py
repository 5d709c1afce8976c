"""The writer: puts quantized blocks where the result's layout wants them."""

from amaranth import Array, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.instruction import gemm_layout
from pinta_hw.memory.scratchpad import Word, WriteSignature
from pinta_hw.memory.walk import Walk, walk_layout
from pinta_hw.placement import place
from pinta_hw.smx import QuantizedBlock
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.formats import SMX_BITS, SmxFormat
from pinta_hw.spec.grouping import drains_by_columns
from pinta_hw.spec.isa.gemm import SIZE_BITS
from pinta_hw.spec.timing import write_cycles


class Writer(wiring.Component):
    """Takes the beats of one GEMM in the order in which the array sends them and writes their digit planes.

    Latency: `latency` cycles from a beat to its (last) write. Throughput: a beat a cycle, or one in two cycles for
    SMX-12 and SMX-16 (`spec.timing.write_cycles`).

    Members
    -------
    start : In(1)
        Begin with the results of `gemm`, which stays constant until `done`.
    blocks : In
        The beats.
    memory : Out
        The scratchpad client.
    done : Out(1)
        The last result is being written in this cycle.
    """

    latency = 2

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "gemm": In(gemm_layout(config)),
                "blocks": In(stream.Signature(data.ArrayLayout(QuantizedBlock(), config.quantizers))),
                "memory": Out(WriteSignature(config)),
                "done": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config, gemm = self._config, self.gemm
        word, quantizers = ceil_log2(config.scratchpad_words), config.quantizers

        rows, columns, inner_size = (Signal(range(config.units + 1), name=n) for n in ("rows", "columns", "inner_size"))
        tile_row_step = Signal(word)
        tile_column_step = Signal(word)
        by_columns = Signal()
        with m.Switch(gemm.grouping):
            for code, grouping in enumerate(config.groupings):
                along = grouping.rows if drains_by_columns(config, grouping) else grouping.columns
                with m.Case(code):
                    m.d.comb += [
                        rows.eq(grouping.rows),
                        columns.eq(grouping.columns),
                        inner_size.eq(along),
                        by_columns.eq(drains_by_columns(config, grouping)),
                        tile_row_step.eq(gemm.result_row_stride * Const(grouping.rows)),
                        tile_column_step.eq(gemm.result_column_stride * Const(grouping.columns)),
                    ]
        inner_stride = Signal(word)
        outer_stride = Signal(word)
        m.d.comb += [
            inner_stride.eq(Mux(by_columns, gemm.result_row_stride, gemm.result_column_stride)),
            outer_stride.eq(Mux(by_columns, gemm.result_column_stride, gemm.result_row_stride)),
        ]

        rows_left = Signal(SIZE_BITS)
        columns_left = Signal(SIZE_BITS)
        tile_rows = Signal.like(rows)
        tile_columns = Signal.like(columns)
        inner_left = Signal.like(rows)
        outer_left = Signal.like(rows)
        phase = Signal()
        phase_last = Signal()
        row_word, tile_word, outer_word, beat_word = (
            Signal(word, name=n) for n in ("row_word", "tile_word", "outer_word", "beat_word")
        )
        inner_last = Signal()
        outer_last = Signal()
        column_last = Signal()
        row_last = Signal()
        with m.Switch(gemm.result_width):
            for code, bits in enumerate(SMX_BITS):
                with m.Case(code):
                    m.d.comb += phase_last.eq(phase == write_cycles(bits) - 1)
        m.d.comb += [
            inner_last.eq(inner_left <= quantizers),
            outer_last.eq(outer_left == 1),
            column_last.eq(columns_left <= columns),
            row_last.eq(rows_left <= rows),
            self.blocks.ready.eq(phase_last),
        ]

        def open_tile(row_count, column_count, at):
            """Counters of a tile of which ``row_count`` x ``column_count`` blocks or more are still to come."""
            here_rows = Mux(row_count <= rows, row_count, rows)
            here_columns = Mux(column_count <= columns, column_count, columns)
            inner, outer = Mux(by_columns, here_rows, here_columns), Mux(by_columns, here_columns, here_rows)
            return [
                tile_rows.eq(here_rows),
                tile_columns.eq(here_columns),
                inner_left.eq(inner),
                outer_left.eq(outer),
                tile_word.eq(at),
                outer_word.eq(at),
                beat_word.eq(at),
            ]

        next_columns = Signal(SIZE_BITS)
        next_rows = Signal(SIZE_BITS)
        next_row_word = Signal(word)
        next_tile_word = Signal(word)
        m.d.comb += [
            next_columns.eq(Mux(column_last, gemm.column_blocks, columns_left - columns)),
            next_rows.eq(Mux(column_last, rows_left - rows, rows_left)),
            next_row_word.eq(row_word + tile_row_step),
            next_tile_word.eq(Mux(column_last, next_row_word, tile_word + tile_column_step)),
        ]
        last_write = Signal()
        with m.If(self.start):
            m.d.sync += [
                rows_left.eq(gemm.row_blocks),
                columns_left.eq(gemm.column_blocks),
                row_word.eq(gemm.result_base),
                phase.eq(0),
                *open_tile(gemm.row_blocks, gemm.column_blocks, gemm.result_base),
            ]
        with m.Elif(self.blocks.valid):
            m.d.sync += phase.eq(~phase_last)
            with m.If(phase_last & ~inner_last):
                m.d.sync += [
                    inner_left.eq(inner_left - quantizers),
                    beat_word.eq(beat_word + (inner_stride << ceil_log2(quantizers))),
                ]
            with m.If(phase_last & inner_last & ~outer_last):
                m.d.sync += [
                    inner_left.eq(Mux(by_columns, tile_rows, tile_columns)),
                    outer_left.eq(outer_left - 1),
                    outer_word.eq(outer_word + outer_stride),
                    beat_word.eq(outer_word + outer_stride),
                ]
            with m.If(phase_last & inner_last & outer_last):
                m.d.sync += [
                    rows_left.eq(next_rows),
                    columns_left.eq(next_columns),
                    *open_tile(next_rows, next_columns, next_tile_word),
                ]
                with m.If(column_last):
                    m.d.sync += row_word.eq(next_row_word)
                m.d.comb += last_write.eq(column_last & row_last)

        self._build_write(m, platform, beat_word, inner_stride, inner_left, phase, last_write)
        return m

    def _build_write(self, m: Module, platform, beat_word, stride, inner_left, phase, last_write) -> None:
        """Two planes of a beat a cycle: slots of the first half take the lower one."""
        config, gemm = self._config, self.gemm
        quantizers = config.quantizers
        walk = place(m, "walk", Walk(config), platform)
        request = Signal(walk_layout(config))
        plane_offset = Signal(len(beat_word))
        m.d.comb += [
            plane_offset.eq(Mux(phase, gemm.result_plane_stride << 1, 0)),
            request.first.eq(beat_word + plane_offset),
            request.second.eq(request.first + gemm.result_plane_stride),
            request.stride.eq(stride),
        ]
        has_second = Signal()
        with m.Switch(gemm.result_width):
            for code, bits in enumerate(SMX_BITS):
                planes = SmxFormat(bits).planes
                with m.Case(code):
                    m.d.comb += has_second.eq(Mux(phase, planes > 3, planes > 1))

        registered = Signal(walk_layout(config))
        words = [Signal(Word, name=f"word_{slot}") for slot in range(config.banks)]
        at_walk = [Signal(Word, name=f"at_walk_{slot}") for slot in range(config.banks)]
        for slot in range(config.banks):
            block = self.blocks.payload[slot % quantizers]
            present = (slot % quantizers < inner_left) & (has_second if slot >= quantizers else 1)
            low, high = (block.planes[slot // quantizers + 2 * p] for p in range(2))
            m.d.comb += request.mask[slot].eq(self.blocks.valid & present)
            m.d.sync += [words[slot].plane.eq(Mux(phase, high, low)), words[slot].exponent.eq(block.exponent)]
            m.d.sync += at_walk[slot].eq(words[slot])
        last_registered = Signal()
        m.d.sync += [registered.eq(request), last_registered.eq(last_write), self.done.eq(last_registered)]
        m.d.comb += [walk.walk.eq(registered), walk.advance.eq(1)]
        for bank in range(config.banks):
            m.d.comb += [
                self.memory.enable[bank].eq(walk.enable[bank]),
                self.memory.row[bank].eq(walk.row[bank]),
                self.memory.data[bank].eq(Array(at_walk)[walk.slot_of_bank[bank]]),
            ]
