"""The coefficients of the tables of activation functions, for one lane."""

from amaranth.hdl import Module, signed
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2

from ..spec.tables import MAX_ORDER, RANGE, SEGMENTS_PER_UNIT, Coefficients, table
from .operation import Function

SEGMENT_BITS = ceil_log2(RANGE * SEGMENTS_PER_UNIT)
C0_BITS, C1_BITS, C2_BITS = 26, 23, 18


class SegmentCoefficients(data.StructLayout):
    """The quadratic of one segment, as `pinta_hw.spec.tables` defines it."""

    def __init__(self) -> None:
        super().__init__({"c0": signed(C0_BITS), "c1": signed(C1_BITS), "c2": signed(C2_BITS)})


class TableRom(wiring.Component):
    """Reads one segment a cycle, of any table. Latency 1.

    Parameters
    ----------
    functions : tuple of Function
        Those it holds.

    Members
    -------
    enable : read; without it the output stays
    row : `table_index` above, the segment in the low `SEGMENT_BITS`
    coefficients : of the row read last
    """

    def __init__(self, functions: tuple[Function, ...]):
        self._functions = functions
        super().__init__(
            {
                "enable": In(1),
                "row": In(ceil_log2(self.tables(functions)) + SEGMENT_BITS),
                "coefficients": Out(SegmentCoefficients()),
            }
        )

    @classmethod
    def tables(cls, functions: tuple[Function, ...]) -> int:
        """How many it holds."""
        return sum(1 if function is Function.SIN else MAX_ORDER + 1 for function in functions)

    @classmethod
    def table_index(cls, functions: tuple[Function, ...], function: Function) -> int:
        """Which of them is the function itself; its derivatives follow. The sine has one table, which comes last."""
        others = [other for other in functions if other is not Function.SIN]
        return (MAX_ORDER + 1) * (len(others) if function is Function.SIN else others.index(function))

    def elaborate(self, platform):
        m = Module()
        rows: list[Coefficients] = []
        for function in sorted(self._functions, key=lambda function: self.table_index(self._functions, function)):
            for order in range(self.tables((function,))):
                rows += table(function.name.lower(), order).segments
        for row in rows:
            assert bits_for(row[0], True) <= C0_BITS and bits_for(row[1], True) <= C1_BITS, row
            assert bits_for(row[2], True) <= C2_BITS, row
        init = [dict(zip(("c0", "c1", "c2"), row, strict=True)) for row in rows]
        m.submodules.cells = cells = memory.Memory(shape=SegmentCoefficients(), depth=len(rows), init=init)
        read = cells.read_port()
        m.d.comb += [read.en.eq(self.enable), read.addr.eq(self.row), self.coefficients.eq(read.data)]
        return m
