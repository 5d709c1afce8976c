"""Every FP32 unit behind the same pair of streams."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.real.adder import Adder
from pinta_hw.real.divider import Divider
from pinta_hw.real.float32 import Float32, OperandPair
from pinta_hw.real.multiplier import Multiplier
from pinta_hw.real.square_root import SquareRoot
from pinta_hw.spec.real import RealOperation


class StreamUnit(wiring.Component):
    """The unit of one operation; a pipeline moves wherever its output is free.

    A root is taken of ``a``.
    """

    i: In(stream.Signature(OperandPair()))
    o: Out(stream.Signature(Float32()))

    def __init__(self, operation: RealOperation):
        self._operation = operation
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        match self._operation:
            case RealOperation.DIVIDE:
                m.submodules.unit = unit = Divider()
                wiring.connect(m, wiring.flipped(self.i), unit.i)
                wiring.connect(m, unit.o, wiring.flipped(self.o))
            case RealOperation.SQUARE_ROOT:
                m.submodules.unit = unit = SquareRoot()
                m.d.comb += [
                    unit.i.valid.eq(self.i.valid),
                    unit.i.p.eq(self.i.p.a),
                    self.i.ready.eq(unit.i.ready),
                ]
                wiring.connect(m, unit.o, wiring.flipped(self.o))
            case _:
                m.submodules.unit = unit = Multiplier() if self._operation is RealOperation.MULTIPLY else Adder()
                m.d.comb += [
                    unit.operands.eq(self.i.p),
                    unit.valid.eq(self.i.valid),
                    unit.advance.eq(~unit.result_valid | self.o.ready),
                    self.i.ready.eq(unit.advance),
                    self.o.p.eq(unit.result),
                    self.o.valid.eq(unit.result_valid),
                ]
                if self._operation is RealOperation.SUBTRACT:
                    m.d.comb += unit.subtract.eq(1)
        return m
