"""Elementwise operations on a stream of blocks."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..placement import place
from ..results.quantizer import Quantizer
from ..smx import QuantizedBlock
from .exact_sum import SUM_BITS, SUM_EXPONENT_BITS, SUM_REBIAS, ExactSum
from .operation import Function, Operation, Step
from .products import Products
from .table_unit import ALL_FUNCTIONS, TableUnit


class ElementwiseUnit(wiring.Component):
    """The operations of `pinta_hw.spec.operations`, ``sum_parts`` excepted, bit for bit; results in order.

    One block a cycle. From accepting a step to offering its result, without stalls: `product_latency` cycles, for a
    table `table_latency`. A step that is no table waits while tables ahead of it would leave later, at most
    ``table_latency - product_latency`` cycles.

    Parameters
    ----------
    functions : tuple of Function
        Activation functions that it knows.

    Members
    -------
    i : In(stream.Signature(Step))
        ``ready`` depends on ``o.ready`` and on the operation in the same cycle.
    o : Out(stream.Signature(QuantizedBlock))
        The results.
    nan : Out(1)
        High in each cycle in which a NaN block is transferred to the consumer.
    """

    product_latency = Products.latency + ExactSum.latency + Quantizer.latency
    table_latency = TableUnit.latency + ExactSum.latency + Quantizer.latency

    def __init__(self, functions: tuple[Function, ...] = ALL_FUNCTIONS):
        self._functions = functions
        super().__init__(
            {
                "i": In(stream.Signature(Step())),
                "o": Out(stream.Signature(QuantizedBlock())),
                "nan": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        products = place(m, "products", Products(), platform)
        table = place(m, "table", TableUnit(self._functions), platform)
        exact_sum = place(m, "exact_sum", ExactSum(), platform)
        quantizer = place(m, "quantizer", Quantizer(SUM_BITS, SUM_EXPONENT_BITS, SUM_REBIAS), platform)

        # Everything in front of the quantizer moves together or stands still together.
        advance = Signal()
        is_table = Signal()
        too_early = Signal()
        m.d.comb += [
            advance.eq(~exact_sum.sum_valid | quantizer.i.ready),
            is_table.eq(self.i.p.operation == Operation.TABLE),
            too_early.eq(~is_table & table.occupied[: TableUnit.latency - Products.latency].any()),
            self.i.ready.eq(advance & ~too_early),
            products.valid.eq(self.i.valid & ~is_table & ~too_early),
            table.valid.eq(self.i.valid & is_table),
            quantizer.i.valid.eq(exact_sum.sum_valid),
            quantizer.i.p.eq(exact_sum.sum),
            quantizer.width.eq(exact_sum.sum_width),
            exact_sum.valid.eq(products.terms_valid | table.terms_valid),
            exact_sum.terms.as_value().eq(Mux(table.terms_valid, table.terms.as_value(), products.terms.as_value())),
            exact_sum.width.as_value().eq(Mux(table.terms_valid, table.width.as_value(), products.width.as_value())),
            self.nan.eq(quantizer.nan),
        ]
        for part in (products, table):
            m.d.comb += [part.step.eq(self.i.p), part.advance.eq(advance)]
        m.d.comb += exact_sum.advance.eq(advance)
        wiring.connect(m, quantizer.o, wiring.flipped(self.o))
        return m
