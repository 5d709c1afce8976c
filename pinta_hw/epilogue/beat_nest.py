"""The beats of an elementwise instruction, one after the other."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..spec.config import AcceleratorConfig
from ..spec.isa.elementwise import BLOCK_COUNT_BITS


def beat_layout(config: AcceleratorConfig) -> data.StructLayout:
    """Where a beat lies.

    Members
    -------
    size : its blocks
    inner_last, outer_last : it ends in the last block of the inner direction; lies in the last one of the outer
    first_part, last_part : its part
    """
    return data.StructLayout(
        {"size": range(config.quantizers + 1), "inner_last": 1, "outer_last": 1, "first_part": 1, "last_part": 1}
    )


class BeatNest(wiring.Component):
    """Loop nest over parts, blocks of the outer direction, and beats of the inner one (the innermost loop).

    The first beat is there one cycle after `start`, each other one cycle after `advance`.

    Members
    -------
    start : begin anew
    parts, outer_blocks, inner_blocks : sizes
    parts_first : the parts are the innermost loop instead, around it the beats of the inner direction
    advance : to the next beat
    beat : the present one
    moves : which loop `advance` moves, innermost first; none after the last beat
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "parts": In(BLOCK_COUNT_BITS),
                "outer_blocks": In(BLOCK_COUNT_BITS),
                "inner_blocks": In(BLOCK_COUNT_BITS),
                "parts_first": In(1),
                "advance": In(1),
                "beat": Out(beat_layout(config)),
                "moves": Out(3),
            }
        )

    def elaborate(self, platform):
        m = Module()
        size = self._config.quantizers
        part_left, outer_left, inner_left = (
            Signal(BLOCK_COUNT_BITS, name=name) for name in ("part_left", "outer_left", "inner_left")
        )
        first_part, part_last, outer_last, inner_last = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            part_last.eq(part_left == 1),
            outer_last.eq(outer_left == 1),
            inner_last.eq(inner_left <= size),
            self.beat.size.eq(Mux(inner_last, inner_left, size)),
            self.beat.inner_last.eq(inner_last),
            self.beat.outer_last.eq(outer_last),
            self.beat.first_part.eq(first_part),
            self.beat.last_part.eq(part_last),
        ]
        ends = Mux(self.parts_first, Cat(part_last, inner_last, outer_last), Cat(inner_last, outer_last, part_last))
        m.d.comb += self.moves.eq(Cat(~ends[0], ends[0] & ~ends[1], ends[:2].all() & ~ends[2]))

        move_part = Mux(self.parts_first, 1, inner_last & outer_last)
        move_inner = ~self.parts_first | part_last
        with m.If(self.start):
            m.d.sync += [
                part_left.eq(self.parts),
                outer_left.eq(self.outer_blocks),
                inner_left.eq(self.inner_blocks),
                first_part.eq(1),
            ]
        with m.Elif(self.advance):
            with m.If(move_part):
                m.d.sync += [part_left.eq(Mux(part_last, self.parts, part_left - 1)), first_part.eq(part_last)]
            with m.If(move_inner):
                m.d.sync += inner_left.eq(Mux(inner_last, self.inner_blocks, inner_left - size))
            with m.If(move_inner & inner_last):
                m.d.sync += outer_left.eq(Mux(outer_last, self.outer_blocks, outer_left - 1))
        return m
