"""An operand port: a walk in, the words of its slots out."""

from amaranth import Array, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.memory.scratchpad import ReadSignature, Word
from pinta_hw.memory.walk import Walk, walk_layout
from pinta_hw.placement import place
from pinta_hw.spec.config import AcceleratorConfig


class OperandPort(wiring.Component):
    """Reads the slots of a walk from the scratchpad.

    Latency: `latency` cycles from `walk` to `slots`, frozen while `advance` is low.
    Throughput: one walk a cycle.

    Members
    -------
    walk : In
        The walk, see `memory.walk`.
    advance : In(1)
        Moves the pipeline.
    memory : Out
        The scratchpad client.
    slots : Out
        The words of the walk's slots.
    """

    latency = 2

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "walk": In(walk_layout(config)),
                "advance": In(1),
                "memory": Out(ReadSignature(config)),
                "slots": Out(Word).array(config.banks),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self._config
        walk = place(m, "walk", Walk(config), platform)
        m.d.comb += [
            walk.walk.eq(self.walk),
            walk.advance.eq(self.advance),
            self.memory.group.eq(walk.group),
        ]
        for bank in range(config.banks):
            m.d.comb += [
                self.memory.enable[bank].eq(walk.enable[bank] & self.advance),
                self.memory.row[bank].eq(walk.row[bank]),
            ]
        for slot in range(config.banks):
            source = Signal(ceil_log2(config.banks), name=f"bank_of_slot_{slot}")
            with m.If(self.advance):
                m.d.sync += source.eq(walk.bank_of_slot[slot])
            m.d.comb += self.slots[slot].eq(Array(self.memory.data[bank] for bank in range(config.banks))[source])
        return m
