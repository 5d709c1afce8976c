"""Puts elementwise results where the instruction wants them."""

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..memory.scratchpad import Word, WriteSignature, group_of
from ..memory.walk import Walk, walk_layout
from ..placement import place
from ..smx import QuantizedBlock
from ..spec.config import AcceleratorConfig
from ..spec.isa.elementwise import ElementwiseOperation
from .beat_nest import BeatNest
from .beat_word import BeatWord
from .instruction import elementwise_layout


class ResultWriter(wiring.Component):
    """Gathers groups of blocks to beats and writes those, two digit planes of each block a cycle.

    Latency: `latency` cycles from a beat's last group to its first write.

    Members
    -------
    start : begin with the results of `instruction`, which stays constant
    valid, blocks : the next group, from the lanes
    memory : scratchpad client
    done : the last result is being written in this cycle
    """

    latency = 2

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "instruction": In(elementwise_layout(config)),
                "valid": In(1),
                "blocks": In(QuantizedBlock()).array(config.elementwise_lanes),
                "memory": Out(WriteSignature(config)),
                "done": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config, instruction = self._config, self.instruction
        is_table, is_sum = Signal(), Signal()
        m.d.comb += [
            is_table.eq(instruction.operation == ElementwiseOperation.TABLE),
            is_sum.eq(instruction.operation == ElementwiseOperation.SUM_PARTS),
        ]
        complete, present, stored = self._build_groups(m, is_table)

        # A beat's upper two planes follow one cycle after the lower two.
        second, beat_end = Signal(), Signal()
        wide = instruction.result_width[1]
        m.d.sync += second.eq(complete & wide)
        m.d.comb += beat_end.eq(Mux(wide, second, complete))
        nest, word = self._build_place(m, platform, beat_end, is_sum)

        request, words = self._build_request(m, complete, second, nest.beat.size, word, present, stored)
        walk = place(m, "walk", Walk(config), platform)
        registered, last = Signal.like(request), Signal()
        at_walk = [Signal(Word, name=f"at_walk_{slot}") for slot in range(config.banks)]
        m.d.sync += [registered.eq(request), last.eq(beat_end & ~nest.moves.any()), self.done.eq(last)]
        m.d.sync += [later.eq(word) for later, word in zip(at_walk, words, strict=True)]
        m.d.comb += [walk.walk.eq(registered), walk.advance.eq(1), self.memory.group.eq(walk.group)]
        for bank in range(config.banks):
            m.d.comb += [
                self.memory.enable[bank].eq(walk.enable[bank]),
                self.memory.row[bank].eq(walk.row[bank]),
                self.memory.data[bank].eq(Array(at_walk)[walk.slot_of_bank[bank]]),
            ]
        return m

    def _build_place(self, m, platform, beat_end, is_sum):
        """Which beat is written, and its first word."""
        config, instruction = self._config, self.instruction
        nest = place(m, "nest", BeatNest(config), platform)
        word = place(m, "word", BeatWord(config), platform)
        m.d.comb += [
            nest.start.eq(self.start),
            nest.parts.eq(Mux(is_sum, 1, instruction.parts)),
            nest.outer_blocks.eq(instruction.outer_blocks),
            nest.inner_blocks.eq(instruction.inner_blocks),
            nest.advance.eq(beat_end),
            word.start.eq(self.start),
            word.base.eq(instruction.result_base),
            word.advance.eq(beat_end),
            word.moves.eq(nest.moves),
            word.inner_stride.eq(instruction.result_inner_stride << ceil_log2(config.quantizers)),
            word.middle_stride.eq(instruction.result_outer_stride),
            word.outer_stride.eq(instruction.result_part_stride),
        ]
        return nest, word.word

    def _build_request(self, m, first, second, size, word, present, stored):
        """The walk of a write, and its words, registered already."""
        config, instruction = self._config, self.instruction
        quantizers, plane_stride = config.quantizers, instruction.result_plane_stride
        request = Signal(walk_layout(config))
        m.d.comb += [
            request.first.eq(word + Mux(second, plane_stride << 1, 0)),
            request.second.eq(request.first + plane_stride),
            request.stride.eq(instruction.result_inner_stride),
            request.group.eq(group_of(config, word)),
        ]
        has_upper = Mux(second, instruction.result_width == 3, instruction.result_width != 0)
        words = [Signal(Word, name=f"word_{slot}") for slot in range(config.banks)]
        for slot, ready in enumerate(words):
            index, half = slot % quantizers, slot // quantizers
            m.d.comb += request.mask[slot].eq((first | second) & (index < size) & (has_upper if half else 1))
            m.d.sync += [
                ready.plane.eq(Mux(second, stored[index].planes[2 + half], present[index].planes[half])),
                ready.exponent.eq(Mux(second, stored[index].exponent, present[index].exponent)),
            ]
        return request, words

    def _build_groups(self, m, is_table):
        """Whether a beat is complete, its blocks in that cycle, and those of which all is stored one cycle later."""
        config = self._config
        quantizers, lanes, tables = config.quantizers, config.elementwise_lanes, config.table_lanes
        group, complete = Signal(range(quantizers // tables)), Signal()
        group_last = Mux(is_table, quantizers // tables - 1, quantizers // lanes - 1)
        m.d.comb += complete.eq(self.valid & (group == group_last))
        with m.If(self.valid):
            m.d.sync += group.eq(Mux(complete, 0, group + 1))
        present, stored = [], []
        for index in range(quantizers):
            block = Signal(QuantizedBlock(), name=f"stored_{index}", reset_less=True)
            seen = Signal(QuantizedBlock(), name=f"present_{index}")
            arriving = Signal(QuantizedBlock(), name=f"arriving_{index}")
            m.d.comb += arriving.eq(Mux(is_table, self.blocks[index % tables], self.blocks[index % lanes]))
            with m.If(self.valid & (group == Mux(is_table, index // tables, index // lanes))):
                m.d.sync += block.eq(arriving)
            in_last = Mux(is_table, index >= quantizers - tables, index >= quantizers - lanes)
            m.d.comb += seen.eq(Mux(in_last, arriving, block))
            present.append(seen)
            stored.append(block)
        return complete, present, stored
