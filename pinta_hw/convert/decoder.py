"""The decoder: from SMX to FP32."""

from amaranth import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.instruction import operation_layout
from pinta_hw.memory.real_memory import RealPort
from pinta_hw.memory.scratchpad import ReadSignature, group_of
from pinta_hw.placement import place
from pinta_hw.results.real_rounding import RealRounding
from pinta_hw.smx import MAX_PLANES
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.formats import BLOCK_SIDE, DIGIT_BITS, EXPONENT_BITS, NAN_EXPONENT, SMX_BITS, SmxFormat
from pinta_hw.spec.isa.instruction import Unit
from pinta_hw.spec.isa.real_memory import REAL_GROUPS
from pinta_hw.spec.timing import write_cycles

_WIDEST = max(SMX_BITS)
_COLUMN_BITS = BLOCK_SIDE * DIGIT_BITS
"""Digits of column 0 in one plane."""


class Decoder(wiring.Component):
    """Turns the first column of a tensor into FP32 words, a block in one cycle, or in two for SMX-12 and SMX-16.

    Latency: `spec.convert_timing.convert_cycles`.

    Members
    -------
    start, convert, done
        See `Converter`.
    source_memory : Out
        Scratchpad client.
    real_memory : Out
        Client of each group of the real memory; it only writes. An access does not reach from one group into the next.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "convert": In(operation_layout(config, Unit.CONVERT)),
                "done": Out(1),
                "source_memory": Out(ReadSignature(config)),
                "real_memory": Out(RealPort(config)).array(REAL_GROUPS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        convert = self.convert
        slow, has_second = Signal(), Signal()
        upper = Signal()  # the third plane on
        with m.Switch(convert.tensor_width):
            for code, bits in enumerate(SMX_BITS):
                planes = SmxFormat(bits).planes
                with m.Case(code):
                    m.d.comb += [slow.eq(write_cycles(bits) - 1), has_second.eq(Mux(upper, planes > 3, planes > 1))]

        running = Signal()
        rows_left = Signal.like(convert.rows)
        block_word = Signal.like(convert.tensor_base)
        block_end = Signal()
        m.d.comb += block_end.eq(upper | ~slow)
        with m.If(self.start):
            m.d.sync += [running.eq(1), upper.eq(0), rows_left.eq(convert.rows), block_word.eq(convert.tensor_base)]
        with m.Elif(running):
            m.d.sync += upper.eq(~block_end)
            with m.If(block_end):
                m.d.sync += [
                    block_word.eq(block_word + convert.tensor_row_stride),
                    rows_left.eq(rows_left - BLOCK_SIDE),
                    running.eq(rows_left > BLOCK_SIDE),
                ]

        # What is read, and whether it completes a block, travels along.
        beside = data.StructLayout({"valid": 1, "upper": 1, "block_end": 1, "mask": BLOCK_SIDE, "last": 1})
        now, asked, arriving, there = (Signal(beside, name=n) for n in ("now", "asked", "arriving", "there"))
        m.d.comb += [
            now.valid.eq(running),
            now.upper.eq(upper),
            now.block_end.eq(running & block_end),
            now.mask.eq(Cat(rows_left > row for row in range(BLOCK_SIDE))),
            now.last.eq(rows_left <= BLOCK_SIDE),
        ]
        m.d.sync += [asked.eq(now), arriving.eq(asked), there.eq(arriving)]
        first, second = self._build_reads(m, running, has_second, block_word, upper)

        # Digits of column 0, by row; the most significant plane comes to the top of the mantissa.
        digits = Signal(data.ArrayLayout(_COLUMN_BITS, MAX_PLANES), reset_less=True)
        exponent = Signal(EXPONENT_BITS, reset_less=True)
        with m.If(arriving.valid):
            m.d.sync += exponent.eq(first.exponent)
            with m.If(~arriving.upper):
                m.d.sync += [digits[0].eq(first.plane), digits[1].eq(second.plane)]
            with m.Else():
                m.d.sync += [digits[2].eq(first.plane), digits[3].eq(second.plane)]
        words = []
        for row in range(BLOCK_SIDE):
            rounding = place(m, f"rounding_{row}", RealRounding(_WIDEST, EXPONENT_BITS, _WIDEST - 2), platform)
            mantissa = Cat(digits[plane].word_select(row, DIGIT_BITS) for plane in range(MAX_PLANES))
            missing = (~convert.tensor_width)[:2]
            m.d.comb += [
                rounding.mantissa.eq((mantissa << Cat(Const(0, ceil_log2(DIGIT_BITS)), missing))[:_WIDEST]),
                rounding.exponent.eq(exponent),
                rounding.nan.eq(exponent == NAN_EXPONENT),
                rounding.valid.eq(there.block_end),
            ]
            words.append(rounding.result)
        self._build_writes(m, there, words)
        return m

    def _build_reads(self, m: Module, running, has_second, block_word, upper):
        """Asks for two neighbouring planes; returns their words' digits of column 0 and exponents, two cycles later."""
        config, stride = self._config, self.convert.tensor_plane_stride
        bank_bits = ceil_log2(config.banks)
        word = Signal.like(block_word, name="word")
        m.d.comb += word.eq(block_word + Mux(upper, stride << 1, 0))
        low, high = Signal.like(word, name="low"), Signal.like(word, name="high")
        low_read, high_read = Signal(), Signal()
        m.d.sync += [low.eq(word), high.eq(word + stride), low_read.eq(running), high_read.eq(running & has_second)]
        m.d.comb += self.source_memory.group.eq(group_of(config, low))
        for bank in range(config.banks):
            at_low = low[:bank_bits] == bank
            m.d.comb += [
                self.source_memory.enable[bank].eq((low_read & at_low) | (high_read & (high[:bank_bits] == bank))),
                self.source_memory.row[bank].eq(Mux(at_low, low[bank_bits:], high[bank_bits:])),
            ]
        layout = data.StructLayout({"plane": _COLUMN_BITS, "exponent": EXPONENT_BITS})
        columns = []
        for bank in range(config.banks):
            column = Signal(layout, name=f"column_{bank}")
            source = self.source_memory.data[bank]
            nibbles = (source.plane.word_select(BLOCK_SIDE * row, DIGIT_BITS) for row in range(BLOCK_SIDE))
            m.d.comb += [column.plane.eq(Cat(nibbles)), column.exponent.eq(source.exponent)]
            columns.append(column)
        found = []
        for name, asked in (("first", low), ("second", high)):
            bank = Signal(bank_bits, name=f"{name}_bank")
            chosen = Signal(layout, name=name)
            m.d.sync += bank.eq(asked[:bank_bits])
            m.d.comb += chosen.eq(Array(columns)[bank])
            found.append(chosen)
        return found

    def _build_writes(self, m: Module, there, words) -> None:
        """The words of a block, as rounding delivers them."""
        beside = there
        for stage in range(RealRounding.latency):
            after = Signal(there.shape(), name=f"beside_{stage + 1}")
            m.d.sync += after.eq(beside)
            beside = after
        address = Signal.like(self.convert.real_base)
        group_bits = ceil_log2(self._config.real_group_words)
        with m.If(self.start):
            m.d.sync += address.eq(self.convert.real_base)
        with m.Elif(beside.block_end):
            m.d.sync += address.eq(address + BLOCK_SIDE)
        for group, port in enumerate(self.real_memory):
            here = beside.block_end & (address[group_bits:] == group)
            m.d.comb += [
                port.enable.eq(Mux(here, beside.mask, 0)),
                port.write.eq(1),
                port.address.eq(address[:group_bits]),
            ]
            for row, word in enumerate(words):
                m.d.comb += port.data_out[row].eq(word)
        m.d.comb += self.done.eq(beside.block_end & beside.last)
