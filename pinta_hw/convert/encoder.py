"""The encoder: from FP32 to SMX."""

from functools import reduce

from amaranth import Array, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.instruction import operation_layout
from pinta_hw.memory.real_memory import RealPort
from pinta_hw.memory.scratchpad import WriteSignature
from pinta_hw.placement import place
from pinta_hw.real.float32 import Float32
from pinta_hw.real.stages import Stages
from pinta_hw.smx import Width
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.formats import BLOCK_SIDE, EXPONENT_BITS
from pinta_hw.spec.isa.instruction import Unit
from pinta_hw.spec.isa.real_memory import REAL_GROUPS

from .plane_writer import PlaneWriter
from .real_quantizer import RealQuantizer
from .row_fetch import RowFetch


class Encoder(wiring.Component):
    """Quantizes a matrix of FP32 words, a block at a time and a row of it a cycle.

    The rows of a block wait until its exponent is known; those of the next one take their place one by one.

    Latency: `spec.convert_timing.convert_cycles`.

    Members
    -------
    start, convert, done
        See `Converter`.
    nan : Out(1)
        A NaN block is being written.
    real_memory : Out
        Client of each group of the real memory; it only reads.
    result_memory : Out
        Scratchpad client.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "convert": In(operation_layout(config, Unit.CONVERT)),
                "done": Out(1),
                "nan": Out(1),
                "real_memory": Out(RealPort(config)).array(REAL_GROUPS),
                "result_memory": Out(WriteSignature(config)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        fetch = place(m, "fetch", RowFetch(self._config), platform)
        writer = place(m, "writer", PlaneWriter(self._config), platform)
        for own, port in zip(self.real_memory, fetch.memory, strict=True):
            wiring.connect(m, wiring.flipped(own), port)
        wiring.connect(m, wiring.flipped(self.result_memory), writer.memory)
        m.d.comb += [
            fetch.start.eq(self.start),
            fetch.convert.eq(self.convert),
            writer.start.eq(self.start),
            writer.convert.eq(self.convert),
            self.done.eq(writer.done),
            self.nan.eq(writer.nan),
        ]
        rows, exponent, known = self._build_exponent(m, fetch)
        self._build_mantissas(m, platform, writer, rows, exponent, known)
        return m

    def _build_exponent(self, m: Module, fetch: RowFetch):
        """A block's rows, its exponent, and whether both have just been completed."""
        row = Signal(data.ArrayLayout(Float32(), BLOCK_SIDE), reset_less=True)
        largest = Signal(EXPONENT_BITS, reset_less=True)  # of the row
        valid, first, last = Signal(), Signal(), Signal()
        m.d.sync += valid.eq(fetch.valid)
        with m.If(fetch.valid):
            m.d.sync += [
                row.eq(fetch.row),
                largest.eq(reduce(_larger, (fetch.row[n].exponent for n in range(BLOCK_SIDE)))),
                first.eq(fetch.first),
                last.eq(fetch.last),
            ]

        rows = [Signal(row.shape(), name=f"row_{n}", reset_less=True) for n in range(BLOCK_SIDE)]
        so_far, exponent, known = Signal(EXPONENT_BITS), Signal(EXPONENT_BITS, reset_less=True), Signal()
        total = Mux(first, largest, _larger(so_far, largest))
        arriving = Signal(range(BLOCK_SIDE))
        m.d.sync += known.eq(valid & last)
        with m.If(valid):
            m.d.sync += [so_far.eq(total), arriving.eq(arriving + 1)]
            with m.If(last):
                m.d.sync += exponent.eq(total)
            with m.Switch(arriving):
                for index in range(BLOCK_SIDE):
                    with m.Case(index):
                        m.d.sync += rows[index].eq(row)
        return rows, exponent, known

    def _build_mantissas(self, m: Module, platform, writer: PlaneWriter, rows, exponent, known) -> None:
        """The mantissas of a block, row by row."""
        index, rest = Signal(range(BLOCK_SIDE)), Signal()  # `rest`: of the rows that follow the first
        valid = known | rest
        with m.If(valid):
            m.d.sync += [index.eq(index + 1), rest.eq(index != BLOCK_SIDE - 1)]

        row = Signal(rows[0].shape(), name="chosen_row")
        stages = place(m, "stages", Stages(RealQuantizer.latency), platform)
        m.d.comb += [
            row.eq(Array(rows)[index]),
            stages.valid.eq(valid),
            stages.advance.eq(1),
        ]
        mantissas = []
        for column in range(BLOCK_SIDE):
            quantizer = place(m, f"quantizer_{column}", RealQuantizer(), platform)
            m.d.comb += [
                quantizer.element.eq(row[column]),
                quantizer.exponent.eq(exponent),
                quantizer.width.eq(Width(self.convert.tensor_width)),
                quantizer.valid.eq(valid),
            ]
            mantissas.append(quantizer.mantissa)

        # The exponent, and which row it is, travel beside the numbers.
        for stage in range(RealQuantizer.latency):
            exponent_after = Signal(EXPONENT_BITS, name=f"exponent_{stage + 1}", reset_less=True)
            index_after = Signal.like(index, name=f"index_{stage + 1}")
            with m.If(stages.load[stage]):
                m.d.sync += [exponent_after.eq(exponent), index_after.eq(index)]
            exponent, index = exponent_after, index_after
        for column, mantissa in enumerate(mantissas):
            waiting = [
                Signal.like(mantissa, name=f"waiting_{n}_{column}", reset_less=True) for n in range(BLOCK_SIDE - 1)
            ]
            for n, register in enumerate(waiting):
                with m.If(stages.done & (index == n)):
                    m.d.sync += register.eq(mantissa)
            for n, value in enumerate([*waiting, mantissa]):
                m.d.comb += writer.block.mantissas[BLOCK_SIDE * n + column].eq(value)
        m.d.comb += [writer.block.exponent.eq(exponent), writer.valid.eq(stages.done & (index == BLOCK_SIDE - 1))]


def _larger(a, b):
    return Mux(a > b, a, b)
