"""Products of blocks: the terms of all elementwise operations but the tables."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..smx import Width
from ..spec.formats import BLOCK_ELEMENTS, BLOCK_SIDE, EXPONENT_BIAS, NAN_EXPONENT
from .operation import Operation, Step, lanes_inside
from .term import TermPair
from .wide import WIDE_BITS, WideBlock, wide_mantissas

_ONE = 1 << (WIDE_BITS - 2)
"""The mantissa of 1 at the exponent `EXPONENT_BIAS`."""


class Products(wiring.Component):
    """Brings every operation to the form ``a b + c d``: what it lacks becomes zero or one. One step a cycle.

    Lanes outside the logical shape become zero. `latency` cycles from a step at the port to its terms, which
    are not registered.

    Members
    -------
    valid, step : a step (no table); the operation must be one that the enumeration names
    advance : 0 freezes everything
    terms_valid, terms, width : the same step's products and the width of its result
    """

    valid: In(1)
    step: In(Step())
    advance: In(1)
    terms_valid: Out(1)
    terms: Out(TermPair())
    width: Out(Width)

    latency = 1

    def elaborate(self, platform):
        m = Module()
        step = self.step
        operation = step.operation
        multiplies = (
            (operation == Operation.MULTIPLY) | (operation == Operation.MULTIPLY_ADD) | (operation == Operation.DOT2)
        )
        adds = operation != Operation.MULTIPLY
        dots = operation == Operation.DOT2
        inside = Signal(BLOCK_ELEMENTS)
        m.d.comb += inside.eq(lanes_inside(step.extent))

        a, b, c, d = (Signal(WideBlock(), name=name, reset_less=True) for name in "abcd")
        nan = Signal(reset_less=True)
        doubled = Signal(reset_less=True)
        width = Signal(Width, reset_less=True)
        valid = Signal()
        load = self.advance & self.valid
        with m.If(self.advance):
            m.d.sync += valid.eq(self.valid)
        with m.If(load):
            wide = {name: wide_mantissas(getattr(step, name)) for name in "abcd"}
            for lane in range(BLOCK_ELEMENTS):
                row = wide["c"][lane % BLOCK_SIDE]
                addend = Mux(operation == Operation.ADD_ROW, row, wide["c"][lane])
                m.d.sync += [
                    a.mantissas[lane].eq(Mux(inside[lane], wide["a"][lane], 0)),
                    b.mantissas[lane].eq(Mux(multiplies, wide["b"][lane], _ONE)),
                    c.mantissas[lane].eq(Mux(inside[lane] & adds, addend, 0)),
                    d.mantissas[lane].eq(Mux(dots, wide["d"][lane], _ONE)),
                ]
            m.d.sync += [
                a.exponent.eq(step.a.block.exponent),
                b.exponent.eq(Mux(multiplies, step.b.block.exponent, EXPONENT_BIAS)),
                c.exponent.eq(step.c.block.exponent),
                d.exponent.eq(Mux(dots, step.d.block.exponent, EXPONENT_BIAS)),
                nan.eq(
                    (step.a.block.exponent == NAN_EXPONENT)
                    | (multiplies & (step.b.block.exponent == NAN_EXPONENT))
                    | (adds & (step.c.block.exponent == NAN_EXPONENT))
                    | (dots & (step.d.block.exponent == NAN_EXPONENT))
                ),
                doubled.eq(step.doubled),
                width.eq(step.width),
            ]

        for lane in range(BLOCK_ELEMENTS):
            m.d.comb += [
                self.terms.first.integers[lane].eq(a.mantissas[lane] * b.mantissas[lane]),
                self.terms.second.integers[lane].eq(c.mantissas[lane] * d.mantissas[lane]),
            ]
        m.d.comb += [
            self.terms.first.exponent.eq(a.exponent + b.exponent + doubled),
            self.terms.second.exponent.eq(c.exponent + d.exponent),
            self.terms.nan.eq(nan),
            self.terms_valid.eq(valid),
            self.width.eq(width),
        ]
        return m
