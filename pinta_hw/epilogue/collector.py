"""Operands of a beat, collected as they are read and dealt to the lanes."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..memory.scratchpad import Word
from ..smx import MAX_PLANES
from ..spec.config import AcceleratorConfig
from ..spec.formats import BLOCK_ELEMENTS, BLOCK_SIDE, DIGIT_BITS, EXPONENT_BITS, PLANE_BITS
from .beat_nest import beat_layout
from .instruction import elementwise_layout
from .operation import Function, Operation, Step
from .read_schedule import OPERANDS, Read


class _Planes(data.StructLayout):
    """A block in the widest format."""

    def __init__(self) -> None:
        super().__init__({"planes": data.ArrayLayout(PLANE_BITS, MAX_PLANES), "exponent": EXPONENT_BITS})


class Collector(wiring.Component):
    """Turns reads into steps: a beat in groups of as many blocks as there are lanes, for tables of `table_lanes`.

    The first group of a beat leaves `latency` cycles after the words that complete it, the others in the cycles that
    follow.

    Members
    -------
    instruction : constant
    p_slots, q_slots, p_read, q_read, complete, beat : as the `Reader` has them
    valid : a group leaves
    present, steps : its blocks, one for each lane
    first, last : it is of the first part, the last part
    """

    latency = 1

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "instruction": In(elementwise_layout(config)),
                "p_slots": In(Word).array(config.banks),
                "q_slots": In(Word).array(config.banks),
                "p_read": In(Read()),
                "q_read": In(Read()),
                "complete": In(1),
                "beat": In(beat_layout(config)),
                "valid": Out(1),
                "present": Out(config.elementwise_lanes),
                "steps": Out(Step()).array(config.elementwise_lanes),
                "first": Out(1),
                "last": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config, instruction = self._config, self.instruction
        quantizers, lanes, tables = config.quantizers, config.elementwise_lanes, config.table_lanes
        is_table = Signal()
        m.d.comb += is_table.eq(instruction.operation == Operation.TABLE.value)

        fresh = Signal()
        group = Signal(range(quantizers // tables))
        group_last = Mux(is_table, quantizers // tables - 1, quantizers // lanes - 1)
        beat = Signal(beat_layout(config))
        m.d.sync += fresh.eq(self.complete)
        with m.If(self.complete):
            m.d.sync += beat.eq(self.beat)
        m.d.comb += [
            self.valid.eq(fresh | (group != 0)),
            self.first.eq(beat.first_part),
            self.last.eq(beat.last_part),
        ]
        with m.If(self.valid):
            m.d.sync += group.eq(Mux(group == group_last, 0, group + 1))

        begin = Signal(range(quantizers))
        m.d.comb += begin.eq(Mux(is_table, group << ceil_log2(tables), group << ceil_log2(lanes)))
        extents = self._build_extents(m, beat, begin)
        blocks = {name: self._build_operand(m, name, fresh, is_table) for name in OPERANDS}
        for lane, step in enumerate(self.steps):
            for name in OPERANDS:
                block, wide = blocks[name][lane], getattr(step, name)
                m.d.comb += wide.exponent.eq(block.exponent)
                for element in range(BLOCK_ELEMENTS):
                    digits = Cat(block.planes[plane].word_select(element, DIGIT_BITS) for plane in range(MAX_PLANES))
                    m.d.comb += wide.mantissas[element].eq(digits.as_signed())
            with m.If(instruction.squared):
                m.d.comb += step.b.eq(step.a)
            m.d.comb += [
                step.operation.eq(Operation(instruction.operation)),
                step.doubled.eq(instruction.doubled),
                step.function.eq(Function(instruction.function)),
                step.order.eq(instruction.order),
                step.extent.eq(extents[lane]),
                self.present[lane].eq(begin + lane < beat.size),
            ]
        return m

    def _build_extents(self, m, beat, begin):
        """What of each lane's block is inside the logical shape."""
        instruction, extents = self.instruction, []
        for lane in range(self._config.elementwise_lanes):
            extent = Signal(Step()["extent"].shape, name=f"extent_{lane}")
            at_end = Signal(name=f"at_end_{lane}")
            by_rows = instruction.inner_is_rows
            m.d.comb += [
                at_end.eq(beat.inner_last & (begin + (lane + 1) == beat.size)),
                extent.row.eq(Mux(Mux(by_rows, at_end, beat.outer_last), instruction.last_row, BLOCK_SIDE - 1)),
                extent.column.eq(Mux(Mux(by_rows, beat.outer_last, at_end), instruction.last_column, BLOCK_SIDE - 1)),
            ]
            extents.append(extent)
        return extents

    def _build_operand(self, m, name, fresh, is_table):
        """The blocks of an operand that its lanes see.

        The first group comes from the registers that reads go to; what follows is saved from them meanwhile,
        because the next beat may arrive.
        """
        config = self._config
        quantizers, lanes = config.quantizers, config.elementwise_lanes
        # Tables take operand a in smaller groups than the others.
        smallest = config.table_lanes if name == "a" else lanes
        arrived = self._build_arrivals(m, name)
        rest = [Signal(_Planes(), name=f"{name}_rest_{n}", reset_less=True) for n in range(quantizers - smallest)]
        for index, block in enumerate(rest):
            with m.If(fresh):
                m.d.sync += block.eq(arrived[index + smallest])
            if name == "a" and index + smallest < len(rest):
                with m.Elif(is_table & self.valid):
                    m.d.sync += block.eq(rest[index + smallest])
        seen = []
        for lane in range(lanes):
            block = Signal(_Planes(), name=f"{name}_seen_{lane}")
            later = rest[lane + lanes - smallest].as_value()
            if name == "a" and lane < config.table_lanes:
                later = Mux(is_table, rest[lane].as_value(), later)
            m.d.comb += block.as_value().eq(Mux(fresh, arrived[lane].as_value(), later))
            if name == "b":
                with m.If(self.instruction.repeated):
                    m.d.comb += block.eq(arrived[0])
            seen.append(block)
        return seen

    def _build_arrivals(self, m, name):
        """Registers of one operand; digit planes that its width lacks are zero."""
        half, index = self._config.quantizers, OPERANDS.index(name)
        width = getattr(self.instruction, f"{name}_width")
        by_q, load, low = Signal(name=f"{name}_by_q"), Signal(name=f"{name}_load"), Signal(name=f"{name}_low")
        m.d.comb += [
            # The first operand always comes through the first port.
            by_q.eq(0 if index == 0 else self.q_read.valid & (self.q_read.operand == index)),
            load.eq(by_q | (self.p_read.valid & (self.p_read.operand == index))),
            low.eq(Mux(by_q, self.q_read.low, self.p_read.low)),
        ]
        blocks = []
        for n in range(half):
            block = Signal(_Planes(), name=f"{name}_{n}", reset_less=True)
            lower, upper = (Signal(Word, name=f"{name}_{part}_{n}") for part in ("lower", "upper"))
            m.d.comb += [
                lower.eq(Mux(by_q, self.q_slots[n], self.p_slots[n])),
                upper.eq(Mux(by_q, self.q_slots[half + n], self.p_slots[half + n])),
            ]
            with m.If(load & low):
                m.d.sync += [block.planes[0].eq(Mux(width == 3, lower.plane, 0)), block.planes[1].eq(upper.plane)]
            with m.If(load & ~low):
                m.d.sync += [
                    block.planes[2].eq(Mux(width != 0, lower.plane, 0)),
                    block.planes[3].eq(upper.plane),
                    block.exponent.eq(upper.exponent),
                ]
                with m.If(width < 2):
                    m.d.sync += [block.planes[0].eq(0), block.planes[1].eq(0)]
            blocks.append(block)
        return blocks
