"""Products of blocks: the terms of all elementwise operations but the tables."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..spec.formats import BLOCK_ELEMENTS, BLOCK_SIDE, EXPONENT_BIAS, NAN_EXPONENT
from .operation import Operation, Step, lanes_inside
from .term import TermPair
from .wide import WIDE_BITS, WideBlock

_ONE = 1 << (WIDE_BITS - 2)
"""The mantissa of 1 at the exponent `EXPONENT_BIAS`."""


class Products(wiring.Component):
    """Brings every operation to the form ``a b + c d``: what it lacks becomes zero or one. One step a cycle.

    Lanes outside the logical shape become zero. `latency` cycles from a step at the port to its terms, which
    are not registered.

    Members
    -------
    valid, step : a step (no table); the operation must be one that the enumeration names
    terms_valid, terms : the same step's products
    zero : ``a`` or ``b`` has no element but zeros
    """

    valid: In(1)
    step: In(Step())
    terms_valid: Out(1)
    terms: Out(TermPair())
    zero: Out(1)

    latency = 1

    def elaborate(self, platform):
        m = Module()
        step = self.step
        operation = step.operation
        multiplies, adds, dots = Signal(), Signal(), Signal()
        m.d.comb += [
            dots.eq(operation == Operation.DOT2),
            adds.eq((operation != Operation.MULTIPLY) & (operation != Operation.SUM_PARTS)),
            multiplies.eq((operation != Operation.ADD) & (operation != Operation.ADD_ROW)),
        ]
        inside = Signal(BLOCK_ELEMENTS)
        m.d.comb += inside.eq(lanes_inside(step.extent))

        a, b, c, d = (Signal(WideBlock(), name=name, reset_less=True) for name in "abcd")
        nan = Signal(reset_less=True)
        doubled = Signal(reset_less=True)
        m.d.sync += self.terms_valid.eq(self.valid)
        with m.If(self.valid):
            for lane in range(BLOCK_ELEMENTS):
                row = step.c.mantissas[lane % BLOCK_SIDE]
                addend = Mux(operation == Operation.ADD_ROW, row, step.c.mantissas[lane])
                factor = Mux(inside[lane], step.b.mantissas[lane], 0)
                m.d.sync += [
                    a.mantissas[lane].eq(Mux(inside[lane], step.a.mantissas[lane], 0)),
                    b.mantissas[lane].eq(Mux(multiplies, factor, _ONE)),
                    c.mantissas[lane].eq(Mux(inside[lane] & adds, addend, 0)),
                    d.mantissas[lane].eq(Mux(dots, step.d.mantissas[lane], _ONE)),
                ]
            m.d.sync += [
                a.exponent.eq(step.a.exponent),
                b.exponent.eq(Mux(multiplies, step.b.exponent, EXPONENT_BIAS)),
                c.exponent.eq(step.c.exponent),
                d.exponent.eq(Mux(dots, step.d.exponent, EXPONENT_BIAS)),
                nan.eq(
                    (step.a.exponent == NAN_EXPONENT)
                    | (multiplies & (step.b.exponent == NAN_EXPONENT))
                    | (adds & (step.c.exponent == NAN_EXPONENT))
                    | (dots & (step.d.exponent == NAN_EXPONENT))
                ),
                doubled.eq(step.doubled),
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
            self.zero.eq(~a.mantissas.as_value().any() | ~b.mantissas.as_value().any()),
        ]
        return m
