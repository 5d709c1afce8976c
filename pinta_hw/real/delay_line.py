"""A value some cycles later."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .float32 import Float32


class DelayLine(wiring.Component):
    """Everything that its input showed in the last ``len(taps)`` cycles.

    Parameters
    ----------
    cycles : int

    Members
    -------
    i : In(Float32)
    taps : Out(Float32).array(cycles)
        Element n is the input ``n + 1`` cycles ago.
    """

    def __init__(self, cycles: int):
        self._cycles = cycles
        super().__init__({"i": In(Float32()), "taps": Out(Float32()).array(cycles)})

    def elaborate(self, platform):
        m = Module()
        value = self.i
        for index, tap in enumerate(self.taps):
            stage = Signal(Float32(), name=f"stage_{index}", reset_less=True)
            m.d.sync += stage.eq(value)
            m.d.comb += tap.eq(stage)
            value = stage
        return m
