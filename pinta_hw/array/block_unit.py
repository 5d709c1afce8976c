"""The block unit: one 4x4 output block, one digit plane times one byte plane a cycle."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..spec.accumulator import PAIR_EXPONENT_BITS
from ..spec.formats import PLANE_BITS
from .accumulator import Accumulator
from .control import AccumulatorBlock, StepControl
from .dot import BYTE_PLANE_BITS
from .partial_sum import PartialSums
from .running_maximum import RunningMaximum


class BlockUnit(wiring.Component):
    """64 multipliers of 4 x 8 bits around one block-floating accumulator. One step a cycle, without gaps
    between k-blocks or contractions.

    The stages are operand registers, partial sums, accumulator; beside the last one lies a result
    register, which lets a finished block leave while the next contraction runs.

    Members
    -------
    a : digit plane, digit (r, k) at bit ``4 * (4r + k)``
    b : byte plane, byte (k, c) at bit ``8 * (4k + c)``
    control : the step
    pair_exponent : sum of the operand blocks' stored exponents; it, ``zero`` and ``nan`` count with ``control.last``
    zero : an operand block is all zeros
    nan : an operand block is NaN
    advance : 0 freezes every stage
    capture : load the result register from the accumulator, frozen or not
    complete : the accumulator holds a finished contraction; it may be gone after the next cycle that advances
    result : the result register
    """

    a: In(PLANE_BITS)
    b: In(BYTE_PLANE_BITS)
    control: In(StepControl())
    pair_exponent: In(PAIR_EXPONENT_BITS)
    zero: In(1)
    nan: In(1)
    advance: In(1)
    capture: In(1)
    complete: Out(1)
    result: Out(AccumulatorBlock())

    latency = 3
    """Advancing cycles from the last step at the ports to ``complete``."""

    def elaborate(self, platform):
        m = Module()
        m.submodules.partial_sums = partial_sums = PartialSums()
        m.submodules.running_maximum = running_maximum = RunningMaximum()
        m.submodules.accumulator = accumulator = Accumulator()

        # Stage 1: operands.
        a = Signal(PLANE_BITS, reset_less=True)
        b = Signal(BYTE_PLANE_BITS, reset_less=True)
        control = Signal(StepControl(), reset_less=True)
        valid = Signal()
        pair_exponent = Signal(PAIR_EXPONENT_BITS, reset_less=True)
        zero = Signal(reset_less=True)
        nan = Signal(reset_less=True)
        with m.If(self.advance):
            m.d.sync += valid.eq(self.control.valid)
        with m.If(self.advance & self.control.valid):
            m.d.sync += [
                a.eq(self.a),
                b.eq(self.b),
                control.eq(self.control),
                pair_exponent.eq(self.pair_exponent),
                zero.eq(self.zero),
                nan.eq(self.nan),
            ]

        # Stage 2: partial sums, and beside the last of them the alignment.
        block_done = Signal()
        tile_done = Signal()
        m.d.comb += [
            partial_sums.a.eq(a),
            partial_sums.b.eq(b),
            partial_sums.a_signed.eq(control.a_signed),
            partial_sums.b_signed.eq(control.b_signed),
            partial_sums.first.eq(control.first),
            partial_sums.shift.eq(control.shift),
            partial_sums.enable.eq(self.advance & valid),
            running_maximum.pair_exponent.eq(pair_exponent),
            running_maximum.zero.eq(zero),
            running_maximum.nan.eq(nan),
            running_maximum.start.eq(control.tile_first),
            running_maximum.enable.eq(self.advance & valid & control.last),
        ]
        with m.If(self.advance):
            m.d.sync += [
                block_done.eq(valid & control.last),
                tile_done.eq(valid & control.last & control.tile_last),
            ]

        # Stage 3: accumulator.
        exponent = Signal(PAIR_EXPONENT_BITS, reset_less=True)
        is_nan = Signal(reset_less=True)
        complete = Signal()
        m.d.comb += [
            accumulator.products.eq(partial_sums.products),
            accumulator.alignment.eq(running_maximum.alignment),
            accumulator.enable.eq(self.advance & block_done),
            self.complete.eq(complete),
        ]
        with m.If(self.advance):
            m.d.sync += complete.eq(tile_done)
        with m.If(self.advance & block_done):
            m.d.sync += [exponent.eq(running_maximum.exponent), is_nan.eq(running_maximum.is_nan)]

        result = Signal(AccumulatorBlock(), reset_less=True)
        m.d.comb += self.result.eq(result)
        with m.If(self.capture):
            m.d.sync += [
                result.mantissas.eq(accumulator.sums),
                result.exponent.eq(exponent),
                result.nan.eq(is_nan),
            ]
        return m
