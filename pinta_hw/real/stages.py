"""The control of a pipeline that moves as one."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Stages(wiring.Component):
    """Follows operands through the stages of a pipeline. A stage is loaded only with something valid.

    Parameters
    ----------
    depth : int
        Number of stages.

    Members
    -------
    valid : operands stand at the entrance
    advance : everything moves one stage; otherwise everything stays
    load : by stage, whether its registers take what is before them
    done : something valid is in the last stage
    """

    def __init__(self, depth: int):
        self._depth = depth
        super().__init__({"valid": In(1), "advance": In(1), "load": Out(depth), "done": Out(1)})

    def elaborate(self, platform):
        m = Module()
        arriving = self.valid
        for stage in range(self._depth):
            m.d.comb += self.load[stage].eq(arriving & self.advance)
            valid = Signal(name=f"valid_{stage}")
            with m.If(self.advance):
                m.d.sync += valid.eq(arriving)
            arriving = valid
        m.d.comb += self.done.eq(arriving)
        return m
