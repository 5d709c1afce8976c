"""A counter of events that does not overflow in practice."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

_HALF = 32


class Counter(wiring.Component):
    """Counts cycles. The upper half follows one cycle after the lower one, so that no carry runs through both.

    Members
    -------
    clear : In(1)
        Return to 0.
    enable : In(1)
        This cycle counts.
    value : Out(64)
    """

    clear: In(1)
    enable: In(1)
    value: Out(2 * _HALF)

    def elaborate(self, platform):
        m = Module()
        carry = Signal()
        low, high = self.value[:_HALF], self.value[_HALF:]
        m.d.sync += [carry.eq(self.enable & low.all()), high.eq(high + carry)]
        with m.If(self.enable):
            m.d.sync += low.eq(low + 1)
        with m.If(self.clear):
            m.d.sync += [self.value.eq(0), carry.eq(0)]
        return m
