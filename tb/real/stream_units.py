"""All FP32 units behind one pair of streams, so that one build serves every operation."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.real.adder import Adder
from pinta_hw.real.divider import Divider
from pinta_hw.real.float32 import Float32, OperandPair
from pinta_hw.real.multiplier import Multiplier
from pinta_hw.real.square_root import SquareRoot
from pinta_hw.spec.real import RealOperation

OPERATIONS = tuple(RealOperation)


class StreamUnits(wiring.Component):
    """The unit of the operation that is selected; a pipeline moves wherever its output is free.

    Members
    -------
    operation : In(range(5))
        Index in `OPERATIONS`, constant while operands are on their way.
    i : In(stream.Signature(OperandPair))
        A root is taken of ``a``.
    o : Out(stream.Signature(Float32))
    """

    operation: In(range(len(OPERATIONS)))
    i: In(stream.Signature(OperandPair()))
    o: Out(stream.Signature(Float32()))

    def elaborate(self, platform):
        m = Module()
        m.submodules.adder = adder = Adder()
        m.submodules.multiplier = multiplier = Multiplier()
        m.submodules.divider = divider = Divider()
        m.submodules.square_root = square_root = SquareRoot()
        m.d.comb += [
            adder.subtract.eq(self.operation == OPERATIONS.index(RealOperation.SUBTRACT)),
            adder.operands.eq(self.i.p),
            multiplier.operands.eq(self.i.p),
            divider.i.p.eq(self.i.p),
            square_root.i.p.eq(self.i.p.a),
        ]
        pipelines = {
            RealOperation.ADD: adder,
            RealOperation.SUBTRACT: adder,
            RealOperation.MULTIPLY: multiplier,
        }
        streams = {RealOperation.DIVIDE: divider, RealOperation.SQUARE_ROOT: square_root}
        with m.Switch(self.operation):
            for index, operation in enumerate(OPERATIONS):
                with m.Case(index):
                    if operation in pipelines:
                        unit = pipelines[operation]
                        m.d.comb += [
                            unit.valid.eq(self.i.valid),
                            unit.advance.eq(~unit.result_valid | self.o.ready),
                            self.i.ready.eq(unit.advance),
                            self.o.p.eq(unit.result),
                            self.o.valid.eq(unit.result_valid),
                        ]
                    else:
                        unit = streams[operation]
                        m.d.comb += [
                            unit.i.valid.eq(self.i.valid),
                            self.i.ready.eq(unit.i.ready),
                            self.o.p.eq(unit.o.p),
                            self.o.valid.eq(unit.o.valid),
                            unit.o.ready.eq(self.o.ready),
                        ]
        return m
