"""The clock of a unit, which rests while the unit has nothing to do."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.clock_gate import gate


class UnitClock(wiring.Component):
    """Runs from an operation's start to the cycle after its done, and during resets.

    The cycle after `done` returns the unit to rest: all that it asks of others is low then, and stays so.

    Members
    -------
    running : In(1)
        High from the cycle of `start` to that of `done`.
    resetting : In(1)
        The unit may be reset in this cycle.
    gated : Out(1)
        The clock.
    """

    running: In(1)
    resetting: In(1)
    gated: Out(1)

    def elaborate(self, platform):
        m = Module()
        settling = Signal()
        m.d.sync += settling.eq(self.running)
        awake = self.running | settling | self.resetting
        m.d.comb += self.gated.eq(gate(m, "gate", awake, platform))
        return m
