"""The control of a unit that works on one operation for many cycles."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Iteration(wiring.Component):
    """Loads, iterates, and hands over to an output register, beside which the next operation may start.

    Operations follow each other every ``iterations + 1`` cycles; a result is offered ``iterations + 2`` cycles after
    its operands were accepted. A result that is not taken stops the unit when the next one is ready to follow.

    Parameters
    ----------
    iterations : int

    Members
    -------
    i_valid, i_ready : the handshake of the operands; ``i_ready`` depends on ``o_ready`` in the same cycle
    o_valid, o_ready : the handshake of the result
    load : operands are accepted
    iterate : one iteration
    finish : the output register takes the result
    """

    def __init__(self, iterations: int):
        self._iterations = iterations
        super().__init__(
            {
                "i_valid": In(1),
                "i_ready": Out(1),
                "o_valid": Out(1),
                "o_ready": In(1),
                "load": Out(1),
                "iterate": Out(1),
                "finish": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        busy, done = Signal(), Signal()
        left = Signal(range(self._iterations + 1), reset_less=True)
        offered = Signal()
        m.d.comb += [
            done.eq(left == 0),
            self.iterate.eq(busy & ~done),
            self.finish.eq(busy & done & (~offered | self.o_ready)),
            self.i_ready.eq(~busy | self.finish),
            self.load.eq(self.i_valid & self.i_ready),
            self.o_valid.eq(offered),
        ]
        with m.If(self.i_ready):
            m.d.sync += busy.eq(self.i_valid)
        with m.If(self.load):
            m.d.sync += left.eq(self._iterations)
        with m.Elif(self.iterate):
            m.d.sync += left.eq(left - 1)
        with m.If(~offered | self.o_ready):
            m.d.sync += offered.eq(self.finish)
        return m
