"""One block of an elementwise operation, from operands to the quantized result."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..clock_gate import gate
from ..placement import place
from ..results.quantizer import ACCUMULATOR_REBIAS, Quantizer
from ..smx import QuantizedBlock, Width
from ..spec.formats import BLOCK_ELEMENTS
from .exact_sum import SUM_BITS, SUM_EXPONENT_BITS, SUM_REBIAS, ExactSum
from .operation import Function, Operation, Step
from .part_sums import PartSums
from .products import Products
from .table_unit import ALL_FUNCTIONS, TableUnit
from .term import TermPair


class ElementwiseLane(wiring.Component):
    """The operations of `pinta_hw.spec.operations` on one block, bit for bit; one block a cycle, never stalled.

    From a step to its result: `product_latency` cycles, for a table `table_latency`, for the last part of a sum
    `sum_latency`. Sums of two blocks are held, whose parts take turns (`PartSums`).

    Parameters
    ----------
    tables : bool
        Whether it knows the tables.
    functions : tuple of Function
        Activation functions of the tables.

    Members
    -------
    valid, step : a step. Between products, tables and sums the lane must be empty
    present : whether it is one of a block; otherwise only the turns of sums count
    first, last : it is the first part of a sum, the last
    width : of the results, constant while there is a block inside
    block_valid, block : a result
    nan : it is a NaN block
    """

    product_latency = Products.latency + 1 + ExactSum.latency + Quantizer.latency
    table_latency = TableUnit.latency + 1 + ExactSum.latency + Quantizer.latency
    sum_latency = Products.latency + PartSums.latency + Quantizer.latency

    def __init__(self, tables: bool, functions: tuple[Function, ...] = ALL_FUNCTIONS):
        self._tables = tables
        self._functions = functions
        super().__init__(
            {
                "valid": In(1),
                "step": In(Step()),
                "present": In(1),
                "first": In(1),
                "last": In(1),
                "width": In(Width),
                "block_valid": Out(1),
                "block": Out(QuantizedBlock()),
                "nan": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        is_table, is_sum, entering = Signal(), Signal(), Signal()
        # The operation stands long before its first block comes, and what it does not use rests.
        by_table, by_sum = Signal(), Signal()
        m.d.sync += [by_table.eq(is_table), by_sum.eq(is_sum)]
        products = place(m, "products", Products(), platform, clock=gate(m, "products_clock", ~by_table, platform))
        exact_sum = place(m, "exact_sum", ExactSum(), platform, clock=gate(m, "exact_sum_clock", ~by_sum, platform))
        quantizer = place(m, "quantizer", Quantizer(SUM_BITS, SUM_EXPONENT_BITS, SUM_REBIAS), platform)

        m.d.comb += [
            is_table.eq(self.step.operation == Operation.TABLE),
            is_sum.eq(self.step.operation == Operation.SUM_PARTS),
            entering.eq(self.valid & self.present),
            products.step.eq(self.step),
            products.valid.eq(entering & ~is_table),
        ]
        terms, terms_valid = Signal(TermPair(), reset_less=True), Signal()
        next_terms, next_valid = products.terms.as_value(), products.terms_valid
        if self._tables:
            clock = gate(m, "table_clock", by_table, platform)
            table = place(m, "table", TableUnit(self._functions), platform, clock=clock)
            m.d.comb += [table.step.eq(self.step), table.valid.eq(entering & is_table)]
            next_terms = Mux(is_table, table.terms.as_value(), next_terms)
            next_valid = next_valid | table.terms_valid
        m.d.sync += terms_valid.eq(next_valid & ~is_sum)
        with m.If(next_valid):
            m.d.sync += terms.as_value().eq(next_terms)
        m.d.comb += [exact_sum.valid.eq(terms_valid), exact_sum.terms.eq(terms)]

        sums_clock = gate(m, "part_sums_clock", by_sum, platform)
        sums, sums_valid = self._build_sums(m, platform, products, terms, is_sum, sums_clock)
        m.d.comb += [
            quantizer.i.valid.eq(exact_sum.sum_valid | sums_valid),
            quantizer.i.p.nan.eq(Mux(is_sum, sums.nan, exact_sum.sum.nan)),
            quantizer.i.p.exponent.eq(
                Mux(is_sum, sums.exponent + (SUM_REBIAS - ACCUMULATOR_REBIAS), exact_sum.sum.exponent)
            ),
            quantizer.width.eq(self.width),
            quantizer.o.ready.eq(1),
            self.block_valid.eq(quantizer.o.valid),
            self.block.eq(quantizer.o.p),
            self.nan.eq(quantizer.nan),
        ]
        for lane in range(BLOCK_ELEMENTS):
            m.d.comb += quantizer.i.p.mantissas[lane].eq(
                Mux(is_sum, sums.mantissas[lane], exact_sum.sum.mantissas[lane])
            )
        return m

    def _build_sums(self, m, platform, products, terms, is_sum, clock):
        """The sums, and whether they are complete."""
        part_sums = place(m, "part_sums", PartSums(), platform, clock=clock)
        valid, first, complete = Signal(), Signal(), Signal(PartSums.latency + 1)
        m.d.sync += [
            valid.eq(self.valid & is_sum),
            first.eq(self.first),
            complete.eq((complete << 1) | (self.valid & self.present & self.last & is_sum)),
        ]
        m.d.comb += [
            part_sums.valid.eq(valid),
            part_sums.first.eq(first),
            part_sums.exponent.eq(products.terms.first.exponent),
            part_sums.zero.eq(products.zero),
            part_sums.nan.eq(products.terms.nan),
            part_sums.integers.eq(terms.first.integers),
        ]
        return part_sums.sums, complete[-1]
