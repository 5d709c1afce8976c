"""The reset that the host commands: it waits until the AXI memory owes nothing."""

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class ResetSequence(wiring.Component):
    """Lets the bursts on their way end before it resets, so that the memory's port stays usable.

    Members
    -------
    request : In(1)
    quiet : In(1)
        The AXI memory owes no response, and will not in the next cycle.
    resetting : Out(1)
        From the cycle after `request` on: start nothing, send no further bursts.
    reset : Out(1)
        High in the last cycle of `resetting`, which is the one after the first quiet one. From a register, because it
        reaches all that there is.
    """

    request: In(1)
    quiet: In(1)
    resetting: Out(1)
    reset: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.reset.eq(self.resetting & self.quiet & ~self.reset)
        with m.If(self.reset):
            m.d.sync += self.resetting.eq(0)
        with m.Elif(self.request):
            m.d.sync += self.resetting.eq(1)
        return m
