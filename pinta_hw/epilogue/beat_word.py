"""Where the beats of a tensor begin."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from ..spec.config import AcceleratorConfig


class BeatWord(wiring.Component):
    """The first word of the beat that a `BeatNest` is at.

    Members
    -------
    start, base : begin at ``base``
    advance, moves : as the nest has them
    inner_stride, middle_stride, outer_stride : words between two beats of its loops
    word : of the present beat
    """

    def __init__(self, config: AcceleratorConfig):
        self._word_bits = word = ceil_log2(config.scratchpad_words)
        super().__init__(
            {
                "start": In(1),
                "base": In(word),
                "advance": In(1),
                "moves": In(3),
                "inner_stride": In(word),
                "middle_stride": In(word),
                "outer_stride": In(word),
                "word": Out(word),
            }
        )

    def elaborate(self, platform):
        m = Module()
        middle, outer = Signal.like(self.word), Signal.like(self.word)
        with m.If(self.start):
            m.d.sync += [self.word.eq(self.base), middle.eq(self.base), outer.eq(self.base)]
        with m.Elif(self.advance):
            next_middle, next_outer = middle + self.middle_stride, outer + self.outer_stride
            with m.If(self.moves[0]):
                m.d.sync += self.word.eq(self.word + self.inner_stride)
            with m.Elif(self.moves[1]):
                m.d.sync += [self.word.eq(next_middle), middle.eq(next_middle)]
            with m.Elif(self.moves[2]):
                m.d.sync += [self.word.eq(next_outer), middle.eq(next_outer), outer.eq(next_outer)]
        return m
