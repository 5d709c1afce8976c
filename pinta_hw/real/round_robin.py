"""Digit recurrences that follow each other faster than one unit could compute them."""

from amaranth.hdl import Assert, Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.placement import place

from ..spec.real import REAL_TIMING, RealOperation
from ..spec.real_schedule import pipelined_latency_cycles
from .divider import Divider
from .float32 import Float32, OperandPair
from .square_root import SquareRoot


class RoundRobin(wiring.Component):
    """As many dividers or square roots as it takes to accept operands every ``spacing`` cycles, each in its turn.

    Latency: `spec.real_schedule.pipelined_latency_cycles`.

    Parameters
    ----------
    operation : RealOperation
        ``DIVIDE`` or ``SQUARE_ROOT``.
    spacing : int
        Fewest cycles from operands to the next ones.

    Members
    -------
    operands : In(OperandPair)
        A root is taken of ``a``.
    valid : In(1)
        Operands are there.
    result : Out(Float32)
    """

    def __init__(self, operation: RealOperation, spacing: int):
        self._operation = operation
        self._count = -(-REAL_TIMING[operation].interval_cycles // spacing)
        super().__init__({"operands": In(OperandPair()), "valid": In(1), "result": Out(Float32())})

    @property
    def latency(self) -> int:
        """Cycles from operands to their result."""
        return pipelined_latency_cycles(self._operation)

    def elaborate(self, platform):
        m = Module()
        divides = self._operation is RealOperation.DIVIDE
        units = [
            place(m, f"unit_{index}", Divider() if divides else SquareRoot(), platform) for index in range(self._count)
        ]
        turn = Signal(self._count, init=1)
        late = Signal()
        with m.If(self.valid):
            m.d.sync += turn.eq(Cat(turn[-1], turn))
            m.d.comb += late.eq((turn & ~Cat(unit.i.ready for unit in units)).any())
        m.d.sync += Assert(~late, "operands faster than the digit recurrences")
        results = 0
        for unit, its_turn in zip(units, turn, strict=True):
            m.d.comb += [
                unit.i.p.eq(self.operands if divides else self.operands.a),
                unit.i.valid.eq(self.valid & its_turn),
                unit.o.ready.eq(1),
            ]
            results |= Mux(unit.o.valid, unit.o.p.as_value(), 0)
        result = Signal(Float32(), reset_less=True)
        with m.If(Cat(unit.o.valid for unit in units).any()):
            m.d.sync += result.eq(results)
        m.d.comb += self.result.eq(result)
        return m
