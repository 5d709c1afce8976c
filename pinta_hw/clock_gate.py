"""A clock gate: what an integrated clock gating cell does in silicon."""

from amaranth import ClockDomain, ClockSignal, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .placement import place


class ClockGate(wiring.Component):
    """Passes the clock's pulses on while it is told to.

    A flip-flop on the falling edge holds `enable` while the clock is high, so that no pulse is cut short. A synthesis
    flow may put the technology's own cell in its place.

    Members
    -------
    enable : In(1)
        The pulse at the end of this cycle is wanted; stable half a cycle before it.
    gated : Out(1)
        The clock of what is gated.
    """

    enable: In(1)
    gated: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.domains.falling = ClockDomain(clk_edge="neg", reset_less=True, local=True)
        held = Signal(init=1)
        m.d.falling += held.eq(self.enable)
        m.d.comb += [ClockSignal("falling").eq(ClockSignal()), self.gated.eq(ClockSignal() & held)]
        return m


def gate(m: Module, name: str, enable, platform) -> Value:
    """The module's clock while ``enable`` is high, from the pulse at the end of the same cycle on.

    ``enable`` has half a cycle to come, so it should come from registers nearby. Where the module's own clock rests,
    the first of its pulses still finds the enable of before. During resets the pulses pass, too, from the second cycle
    on: what is reset in its first cycle must have its clock anyway, or be empty.
    """
    own = place(m, name, ClockGate(), platform)
    in_reset = Signal(init=1, name=f"{name}_in_reset")
    m.d.sync += in_reset.eq(0)
    m.d.comb += own.enable.eq(enable | in_reset)
    return own.gated
