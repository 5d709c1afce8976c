"""Reads the operands of an elementwise instruction, beat by beat."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..memory.scratchpad import ReadSignature, Word, group_of
from ..memory.walk import walk_layout
from ..operands.port import OperandPort
from ..placement import place
from ..spec.config import AcceleratorConfig
from ..spec.isa.elementwise import ElementwiseOperation
from .beat_nest import BeatNest, beat_layout
from .beat_word import BeatWord
from .instruction import elementwise_layout
from .read_schedule import OPERANDS, Read, ReadSchedule


class Reader(wiring.Component):
    """Digit planes of the operands, two of each block a cycle, through two ports.

    Latency: `latency` cycles from `start` to the first words.

    Members
    -------
    start : begin with `instruction`, which stays constant
    p_memory, q_memory : scratchpad clients
    p_slots, q_slots : words; slots of the upper half hold the higher plane
    p_read, q_read : what they are
    complete : with them a beat is complete
    beat : which one
    """

    latency = 1 + 1 + OperandPort.latency
    """Counters, walk, port."""

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "instruction": In(elementwise_layout(config)),
                "p_memory": Out(ReadSignature(config)),
                "q_memory": Out(ReadSignature(config)),
                "p_slots": Out(Word).array(config.banks),
                "q_slots": Out(Word).array(config.banks),
                "p_read": Out(Read()),
                "q_read": Out(Read()),
                "complete": Out(1),
                "beat": Out(beat_layout(config)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config, instruction = self._config, self.instruction
        schedule = place(m, "schedule", ReadSchedule(config), platform)
        nest = place(m, "nest", BeatNest(config), platform)
        is_sum = Signal()
        m.d.comb += [
            is_sum.eq(instruction.operation == ElementwiseOperation.SUM_PARTS),
            schedule.start.eq(self.start),
            schedule.instruction.eq(instruction),
            schedule.last.eq(~nest.moves.any()),
            nest.start.eq(self.start),
            nest.parts.eq(instruction.parts),
            nest.outer_blocks.eq(instruction.outer_blocks),
            nest.inner_blocks.eq(instruction.inner_blocks),
            nest.parts_first.eq(is_sum),
            nest.advance.eq(schedule.advance),
        ]
        words = [self._build_word(m, platform, name, nest, is_sum) for name in OPERANDS]
        for name, read in (("p", schedule.p), ("q", schedule.q)):
            port = place(m, f"{name}_port", OperandPort(config), platform)
            m.d.comb += [port.advance.eq(1), port.walk.eq(self._build_walk(m, name, read, words, nest.beat.size))]
            wiring.connect(m, wiring.flipped(getattr(self, f"{name}_memory")), port.memory)
            for mine, slot in zip(getattr(self, f"{name}_slots"), port.slots, strict=True):
                m.d.comb += mine.eq(slot)

        beside = Cat(schedule.p, schedule.q, schedule.complete, nest.beat)
        for stage in range(self.latency - 1):
            later = Signal.like(beside, name=f"beside_{stage}")
            m.d.sync += later.eq(beside)
            beside = later
        m.d.comb += Cat(self.p_read, self.q_read, self.complete, self.beat).eq(beside)
        return m

    def _build_word(self, m, platform, name, nest, is_sum):
        """The first word of an operand's beat; a repeated one stays where it is."""
        config, instruction = self._config, self.instruction
        word = place(m, f"{name}_word", BeatWord(config), platform)
        part, outer, inner = (getattr(instruction, f"{name}_{loop}_stride") for loop in ("part", "outer", "inner"))
        inner = inner << ceil_log2(config.quantizers)
        moves = nest.moves & ~instruction.repeated.replicate(3) if name == "b" else nest.moves
        m.d.comb += [
            word.start.eq(self.start),
            word.base.eq(getattr(instruction, f"{name}_base")),
            word.advance.eq(nest.advance),
            word.moves.eq(moves),
            word.inner_stride.eq(Mux(is_sum, part, inner)),
            word.middle_stride.eq(Mux(is_sum, inner, outer)),
            word.outer_stride.eq(Mux(is_sum, outer, part)),
        ]
        return word.word

    def _build_walk(self, m, name, read, words, size):
        """The registered walk of a read.

        The top plane goes to the upper half of the slots, so that planes land where a block of the widest format
        has them; what a narrower one lacks is left out.
        """
        config, instruction = self._config, self.instruction
        half, operand = config.banks // 2, read.operand
        fields = {
            field: Array(getattr(instruction, f"{name}_{field}") for name in OPERANDS)[operand]
            for field in ("inner_stride", "plane_stride", "width")
        }
        plane_stride, width = (Signal(len(fields[f]), name=f"{name}_{f}") for f in ("plane_stride", "width"))
        walk = Signal(walk_layout(config), name=f"{name}_walk")
        offset = Signal.like(walk.first, name=f"{name}_offset")
        has_lower, single = Signal(name=f"{name}_has_lower"), Signal(name=f"{name}_single")
        m.d.comb += [
            plane_stride.eq(fields["plane_stride"]),
            width.eq(fields["width"]),
            has_lower.eq(Mux(read.low, width == 3, width != 0)),
            single.eq(instruction.repeated & (operand == OPERANDS.index("b"))),
            walk.first.eq(Array(words)[operand] + offset),
            walk.second.eq(walk.first + plane_stride),
            walk.group.eq(group_of(config, Array(words)[operand])),
            # The bit is one anyway, but for a repeated block, which may come without a stride.
            walk.stride.eq(fields["inner_stride"] | 1),
        ]
        # From the block's word to the lower plane of the two.
        with m.Switch(Mux(read.low, width - 2, width)[:2]):
            for planes, offset_of in enumerate((-plane_stride, 0, plane_stride, plane_stride << 1)):
                with m.Case(planes):
                    m.d.comb += offset.eq(offset_of)
        for slot in range(config.banks):
            present = (slot % half < size) & (~single if slot % half else 1) & (1 if slot >= half else has_lower)
            m.d.comb += walk.mask[slot].eq(read.valid & present)
        registered = Signal.like(walk, name=f"{name}_registered")
        m.d.sync += registered.eq(walk)
        return registered
