"""One lane of the residual unit: every FP32 operation."""

from amaranth.hdl import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.placement import place

from ..spec.isa.real import VectorOperation
from .adder import Adder
from .divider import Divider
from .float32 import Float32, OperandPair
from .multiplier import Multiplier
from .square_root import SquareRoot

OPERATION_BITS = max(VectorOperation).bit_length()


class VectorLane(wiring.Component):
    """The result of an operation, which stays the same while anything is on its way.

    Latency and pace: those of `spec.real.REAL_TIMING`; operands do not come faster.

    Members
    -------
    operation : In(3)
        A `VectorOperation`; a sum is made of additions.
    operands : In(OperandPair)
        A root is taken of ``a``.
    chained : In(1)
        Instead of ``a``, the last sum is an operand of an addition.
    valid : In(1)
        Operands are there.
    result : Out(Float32)
        It stays until the next one.
    result_valid : Out(1)
        The result has come.
    """

    operation: In(OPERATION_BITS)
    operands: In(OperandPair())
    chained: In(1)
    valid: In(1)
    result: Out(Float32())
    result_valid: Out(1)

    def elaborate(self, platform):
        m = Module()
        adder = place(m, "adder", Adder(), platform)
        multiplier = place(m, "multiplier", Multiplier(), platform)
        divider = place(m, "divider", Divider(), platform)
        square_root = place(m, "square_root", SquareRoot(), platform)
        m.d.comb += [
            adder.operands.a.eq(Mux(self.chained, adder.result.as_value(), self.operands.a.as_value())),
            adder.operands.b.eq(self.operands.b),
            adder.subtract.eq(self.operation == VectorOperation.SUBTRACT),
            adder.advance.eq(1),
            multiplier.operands.eq(self.operands),
            multiplier.advance.eq(1),
            divider.i.p.eq(self.operands),
            divider.o.ready.eq(1),
            square_root.i.p.eq(self.operands.a),
            square_root.o.ready.eq(1),
        ]
        with m.Switch(self.operation):
            with m.Case(VectorOperation.MULTIPLY):
                m.d.comb += [
                    multiplier.valid.eq(self.valid),
                    self.result.eq(multiplier.result),
                    self.result_valid.eq(multiplier.result_valid),
                ]
            with m.Case(VectorOperation.DIVIDE):
                m.d.comb += [
                    divider.i.valid.eq(self.valid),
                    self.result.eq(divider.o.p),
                    self.result_valid.eq(divider.o.valid),
                ]
            with m.Case(VectorOperation.SQUARE_ROOT):
                m.d.comb += [
                    square_root.i.valid.eq(self.valid),
                    self.result.eq(square_root.o.p),
                    self.result_valid.eq(square_root.o.valid),
                ]
            with m.Default():
                m.d.comb += [
                    adder.valid.eq(self.valid),
                    self.result.eq(adder.result),
                    self.result_valid.eq(adder.result_valid),
                ]
        return m
