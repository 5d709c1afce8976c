"""The conductor: walks a GEMM's loop nest and says, cycle by cycle, what is read and multiplied."""

from amaranth import Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.array.token import token_layout
from pinta_hw.instruction import gemm_layout
from pinta_hw.memory.scratchpad import group_of
from pinta_hw.memory.walk import walk_layout
from pinta_hw.placement import place
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.formats import SMX_BITS, SmxFormat
from pinta_hw.spec.isa.gemm import SIZE_BITS
from pinta_hw.spec.timing import a_cycles, b_cycles, write_cycles

from .step_table import MAX_STEPS, StepTable


class Conductor(wiring.Component):
    """Issues the reads and steps of one GEMM in order: row tiles, column tiles, k-blocks, steps.

    A *segment* is the steps that one byte plane of B serves; it takes as many cycles as the slower of its
    steps and its byte load (`spec.timing`). Where B takes two cycles to load, A and the steps run one
    cycle behind it.

    Latency: two cycles from `start` to the first walk. Throughput: one step a cycle.

    Members
    -------
    start : In(1)
        Begin `gemm`, which stays constant until the GEMM is done.
    advance : In(1)
        Moves everything.
    a_walk, b_walk : Out
        Reads; a mask of zeros is no read.
    a_part, b_part : Out
        Which part of the lanes the read fills.
    a_last, b_last : Out(1)
        This read completes the operand.
    b_low_absent : Out(1)
        The byte plane has no low nibble.
    token, token_valid : Out
        The step that belongs to the A read of this cycle.
    busy : Out(1)
        Reads or steps are still to be issued.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "gemm": In(gemm_layout(config)),
                "advance": In(1),
                "a_walk": Out(walk_layout(config)),
                "a_part": Out(1),
                "a_last": Out(1),
                "b_walk": Out(walk_layout(config)),
                "b_part": Out(1),
                "b_last": Out(1),
                "b_low_absent": Out(1),
                "token": Out(token_layout(config)),
                "token_valid": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config, gemm = self._config, self.gemm
        word = ceil_log2(config.scratchpad_words)

        step_index = Signal(range(MAX_STEPS))
        table = place(m, "step_table", StepTable(), platform)
        step = table.step
        m.d.comb += [
            table.a_width.eq(gemm.a_width),
            table.b_width.eq(gemm.b_width),
            table.index.eq(step_index),
        ]

        rows = Signal(range(config.a_lanes + 1))
        columns = Signal(range(config.b_lanes + 1))
        a_slow = Signal()
        b_slow = Signal()
        slow_write = Signal()
        self._build_grouping(m, rows, columns, a_slow, b_slow)
        with m.Switch(gemm.result_width):
            for code, bits in enumerate(SMX_BITS):
                with m.Case(code):
                    m.d.comb += slow_write.eq(write_cycles(bits) - 1)

        # One slot of the schedule: A part, B part, and whether they end the step, the segment, the k-block.
        running = Signal()
        a_part = Signal()
        a_done = Signal()
        b_part = Signal()
        b_done = Signal()
        a_last = Signal()
        b_last = Signal()
        segment_end = Signal()
        k_end = Signal()
        column_end = Signal()
        row_end = Signal()
        m.d.comb += [
            a_last.eq(~a_done & (a_part == a_slow)),
            b_last.eq(~b_done & (b_part == b_slow)),
            segment_end.eq((a_done | (a_last & step.segment_last)) & (b_done | b_last)),
        ]

        k_left, rows_left, columns_left = (Signal(SIZE_BITS, name=n) for n in ("k_left", "rows_left", "columns_left"))
        a_row, a_k, b_column, b_k = (Signal(word, name=n) for n in ("a_row", "a_k", "b_column", "b_k"))
        next_a_row = Signal(word)
        next_b_column = Signal(word)
        k_first = Signal()
        m.d.comb += [
            k_end.eq(k_left == 1),
            column_end.eq(columns_left <= columns),
            row_end.eq(rows_left <= rows),
            next_a_row.eq(a_row + (gemm.a_lane_stride << self._log2(m, rows, "rows"))),
            next_b_column.eq(b_column + (gemm.b_lane_stride << self._log2(m, columns, "columns"))),
        ]

        with m.If(self.start):
            m.d.sync += [
                running.eq(1),
                step_index.eq(0),
                a_part.eq(0),
                a_done.eq(0),
                b_part.eq(0),
                b_done.eq(0),
                k_first.eq(1),
                k_left.eq(gemm.k_blocks),
                rows_left.eq(gemm.row_blocks),
                columns_left.eq(gemm.column_blocks),
                a_row.eq(gemm.a_base),
                a_k.eq(gemm.a_base),
                b_column.eq(gemm.b_base),
                b_k.eq(gemm.b_base),
            ]
        with m.Elif(self.advance & running):
            with m.If(~a_done):
                m.d.sync += a_part.eq(Mux(a_last, 0, 1))
                with m.If(a_last & ~step.segment_last):
                    m.d.sync += step_index.eq(step_index + 1)
                with m.If(a_last & step.segment_last):
                    m.d.sync += a_done.eq(1)
            with m.If(~b_done):
                m.d.sync += [b_part.eq(Mux(b_last, 0, 1)), b_done.eq(b_last)]
            with m.If(segment_end):
                m.d.sync += [a_done.eq(0), b_done.eq(0), step_index.eq(Mux(step.last, 0, step_index + 1))]
            with m.If(segment_end & step.last):
                with m.If(~k_end):
                    m.d.sync += [
                        k_first.eq(0),
                        k_left.eq(k_left - 1),
                        a_k.eq(a_k + gemm.a_k_stride),
                        b_k.eq(b_k + gemm.b_k_stride),
                    ]
                with m.Else():
                    m.d.sync += [k_first.eq(1), k_left.eq(gemm.k_blocks)]
                    with m.If(~column_end):
                        m.d.sync += [
                            columns_left.eq(columns_left - columns),
                            a_k.eq(a_row),
                            b_column.eq(next_b_column),
                            b_k.eq(next_b_column),
                        ]
                    with m.Else():
                        m.d.sync += [
                            columns_left.eq(gemm.column_blocks),
                            rows_left.eq(rows_left - rows),
                            a_row.eq(next_a_row),
                            a_k.eq(next_a_row),
                            b_column.eq(gemm.b_base),
                            b_k.eq(gemm.b_base),
                            running.eq(~row_end),
                        ]

        self._build_b_walk(m, running & ~b_done, b_k, b_part, b_last, b_slow, step, columns, columns_left)

        token = Signal(token_layout(config))
        m.d.comb += [
            token.control.valid.eq(1),
            token.control.first.eq(step.first),
            token.control.last.eq(step.last),
            token.control.shift.eq(step.shift),
            token.control.a_signed.eq(step.a_signed),
            token.control.b_signed.eq(step.b_signed),
            token.control.tile_first.eq(k_first),
            token.control.tile_last.eq(k_end),
            token.b_done.eq(step.segment_last),
            token.tile.grouping.eq(gemm.grouping),
            token.tile.rows.eq(Mux(row_end, rows_left - 1, rows - 1)),
            token.tile.columns.eq(Mux(column_end, columns_left - 1, columns - 1)),
            token.tile.slow_write.eq(slow_write & ~gemm.to_real),
        ]
        self._build_a_walk(m, running & ~a_done, a_k, a_part, a_last, b_slow, step, rows, rows_left, token)
        m.d.comb += self.busy.eq(running)
        return m

    def _build_grouping(self, m: Module, rows: Signal, columns: Signal, a_slow: Signal, b_slow: Signal) -> None:
        with m.Switch(self.gemm.grouping):
            for code, grouping in enumerate(self._config.groupings):
                with m.Case(code):
                    m.d.comb += [
                        rows.eq(grouping.rows),
                        columns.eq(grouping.columns),
                        a_slow.eq(a_cycles(self._config, grouping) - 1),
                        b_slow.eq(b_cycles(self._config, grouping) - 1),
                    ]

    @staticmethod
    def _log2(m: Module, value: Signal, name: str) -> Signal:
        """Base-2 logarithm of a one-hot value."""
        exponent = Signal(range(len(value)), name=f"log2_{name}")
        for bit in range(len(value)):
            with m.If(value[bit]):
                m.d.comb += exponent.eq(bit)
        return exponent

    def _plane_offset(self, m: Module, stride, plane, name: str) -> Signal:
        offset = Signal(ceil_log2(self._config.scratchpad_words), name=f"{name}_plane_offset")
        with m.Switch(plane):
            for index in range(SmxFormat(max(SMX_BITS)).planes):
                with m.Case(index):
                    m.d.comb += offset.eq(stride * Const(index))
        return offset

    def _build_b_walk(self, m, active, b_k, part, last, slow, step, columns, columns_left) -> None:
        """B: both digit planes of the byte in one cycle, or (more lanes than half the banks) one after the other."""
        config, gemm = self._config, self.gemm
        half = config.banks // 2
        high_offset = self._plane_offset(m, gemm.b_plane_stride, step.b_plane, "b")
        high, low, first, second = (
            Signal(ceil_log2(config.scratchpad_words), name=n) for n in ("hi", "lo", "fi", "se")
        )
        low_present = ~step.b_low_absent
        m.d.comb += [
            high.eq(b_k + high_offset),
            low.eq(high - gemm.b_plane_stride),
            first.eq(Mux(part, low, high)),
            second.eq(Mux(slow, first + (gemm.b_lane_stride << (half - 1).bit_length()), low)),
        ]
        mask = Signal(config.banks, name="b_mask")
        for slot in range(config.banks):
            in_both = (slot % half < columns) & (slot % half < columns_left) & (low_present if slot >= half else 1)
            # In two cycles, the slots are lanes.
            in_part = (slot < columns) & (slot < columns_left) & (low_present | ~part) if slot < config.b_lanes else 0
            m.d.comb += mask[slot].eq(active & Mux(slow, in_part, in_both))
        with m.If(self.advance):
            m.d.sync += [
                self.b_walk.first.eq(first),
                self.b_walk.second.eq(second),
                self.b_walk.stride.eq(gemm.b_lane_stride),
                self.b_walk.mask.eq(mask),
                self.b_walk.group.eq(group_of(config, gemm.b_base)),
                self.b_part.eq(part),
                self.b_last.eq(active & last),
                self.b_low_absent.eq(step.b_low_absent),
            ]

    def _build_a_walk(self, m, active, a_k, part, last, delayed, step, rows, rows_left, token) -> None:
        """A: one digit plane, all lanes at once or in two parts; one cycle behind B where B is slow."""
        config, gemm = self._config, self.gemm
        banks, half = config.banks, config.banks // 2
        offset = self._plane_offset(m, gemm.a_plane_stride, step.a_plane, "a")
        now = Signal(
            data.StructLayout(
                {
                    "walk": walk_layout(config),
                    "part": 1,
                    "last": 1,
                    "token": token_layout(config),
                }
            )
        )
        m.d.comb += [
            now.walk.first.eq(a_k + offset + Mux(part, gemm.a_lane_stride << ceil_log2(banks), 0)),
            now.walk.second.eq(now.walk.first + (gemm.a_lane_stride << ceil_log2(half))),
            now.walk.stride.eq(gemm.a_lane_stride),
            now.walk.group.eq(group_of(config, gemm.a_base)),
            now.part.eq(part),
            now.last.eq(active & last),
            now.token.eq(token),
        ]
        mask = Signal(banks, name="a_mask")
        for slot in range(banks):
            lane = slot + Mux(part, banks, 0)
            m.d.comb += mask[slot].eq(active & (lane < rows) & (lane < rows_left))
        m.d.comb += now.walk.mask.eq(mask)

        before = Signal.like(now)
        out = Signal.like(now)
        with m.If(self.advance):
            m.d.sync += [before.eq(now), out.eq(Mux(delayed, before, now))]
        m.d.comb += [
            self.a_walk.eq(out.walk),
            self.a_part.eq(out.part),
            self.a_last.eq(out.last),
            self.token.eq(out.token),
            self.token_valid.eq(out.last),
        ]
