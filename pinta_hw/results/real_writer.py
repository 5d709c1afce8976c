"""The real writer: rounds accumulators to FP32 and puts them, or adds them to what lies, in real memory."""

from amaranth import Array, Module, Mux, Signal
from amaranth.hdl import signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.array.control import AccumulatorBlock
from pinta_hw.instruction import gemm_layout
from pinta_hw.memory.real_memory import RealPort, real_row
from pinta_hw.placement import place
from pinta_hw.real.adder import Adder
from pinta_hw.spec.accumulator import ACCUMULATOR_BITS, PAIR_EXPONENT_BITS
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.formats import BLOCK_SIDE
from pinta_hw.spec.isa.real_memory import REAL_BANKS, REAL_GROUPS

from .beat_walk import beat_layout
from .quantizer import ACCUMULATOR_REBIAS
from .real_rounding import RealRounding

_READ_STAGE = 1
"""Cycles from a row's entrance into the pipeline to the read of the old words."""
_ADD_STAGE = RealRounding.latency
"""Cycles to the adders; the old words arrive there through a register."""
assert _ADD_STAGE == _READ_STAGE + 2
_WRITE_STAGE = _ADD_STAGE + 1
_WRITE_STAGE_ACCUMULATE = _WRITE_STAGE + Adder.latency
assert (_WRITE_STAGE_ACCUMULATE - _READ_STAGE) % 2 == 1, "reads and writes would meet at the one port of a bank"


class RealWriter(wiring.Component):
    """Writes the beats of one GEMM to real memory as FP32 numbers; transposed, if told to: columns are rows then.

    A row of a block takes one cycle, or two where it is added to what lies there; rows and blocks outside the result
    take none. Reads and writes of an accumulating GEMM alternate: rows enter the pipeline in every other cycle from
    `start` on, and a row that comes between two of them waits for one cycle. What is added to numbers in another group
    reads and writes at once: a row takes one cycle, and none waits.

    Latency: `latency` cycles from a row's (last) cycle to its write, or `latency_accumulate` and the cycle that it may
    have to wait, or `latency_apart`. No word is read again before it is written, for no word lies twice in the result.

    Members
    -------
    start : In(1)
        Begin with the results of `gemm`, which stays constant until `done`; high in the cycle after the GEMM's own.
    beat : In
        Place of the beat at `blocks`.
    blocks : In
        The beats; one is taken in the last of its cycles.
    memory : Out
        Client of each group of the real memory. A row of a block does not reach from one group into the next.
    done : Out(1)
        The last result is being written in this cycle.
    nan : Out(1)
        A NaN block has arrived.
    """

    latency = _WRITE_STAGE + 1
    latency_accumulate = _WRITE_STAGE_ACCUMULATE
    latency_apart = _WRITE_STAGE_ACCUMULATE + 1

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "gemm": In(gemm_layout(config)),
                "beat": In(beat_layout(config)),
                "blocks": In(stream.Signature(data.ArrayLayout(AccumulatorBlock(), config.quantizers))),
                "memory": Out(RealPort(config)).array(REAL_GROUPS),
                "done": Out(1),
                "nan": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        target_layout = data.StructLayout(
            {"address": ceil_log2(self._config.real_memory_words), "mask": REAL_BANKS, "last": 1}
        )
        row_layout = data.StructLayout(
            {
                "mantissas": data.ArrayLayout(signed(ACCUMULATOR_BITS), BLOCK_SIDE),
                "exponent": PAIR_EXPONENT_BITS,
                "nan": 1,
            }
        )
        row = Signal(row_layout, reset_less=True)
        target = Signal(target_layout, reset_less=True)
        row_valid = Signal()
        in_turn = Signal()
        enters = Signal()
        m.d.sync += in_turn.eq(~in_turn | self.start)
        address_bits = ceil_log2(self._config.real_group_words)
        takes_turns = Signal()
        m.d.comb += [
            takes_turns.eq(
                self.gemm.accumulate & (self.gemm.real_base[address_bits:] == self.gemm.real_addend[address_bits:])
            ),
            enters.eq(row_valid & (in_turn | ~takes_turns)),
        ]
        self._build_rows(m, row, target, row_valid, enters, takes_turns)

        # Where a row goes travels beside it.
        valids, targets = [enters], [target]
        for stage in range(1, _WRITE_STAGE_ACCUMULATE):
            valid = Signal(name=f"valid_{stage}")
            after = Signal(target_layout, name=f"target_{stage}", reset_less=True)
            # What is written already goes no further: a product that accumulates may follow at once.
            goes_on = self.gemm.accumulate if stage == _WRITE_STAGE else 1
            m.d.sync += valid.eq(valids[-1] & goes_on)
            with m.If(valids[-1]):
                m.d.sync += after.eq(targets[-1])
            valids.append(valid)
            targets.append(after)

        old = Signal(real_row(), reset_less=True)
        group = self.gemm.real_addend[address_bits:]
        with m.If(valids[_READ_STAGE + 1] & self.gemm.accumulate):
            m.d.sync += old.eq(Array(port.data_in for port in self.memory)[group])
        rounded, summed = self._build_arithmetic(m, platform, row, enters, old)
        self._build_port(m, valids, targets, rounded, summed)
        return m

    def _build_rows(self, m: Module, row, target, row_valid, enters, takes_turns) -> None:
        """The rows of a beat, one after the other."""
        config, gemm, beat = self._config, self.gemm, self.beat
        quantizers = config.quantizers
        block = Signal(range(quantizers))
        row_index = Signal(range(BLOCK_SIDE))
        second = Signal()  # of the two cycles of an accumulating row
        block_offset = Signal.like(beat.address)
        row_offset = Signal(ceil_log2(config.real_memory_words))

        line_end, beat_end, along_end = (Signal(name=n) for n in ("line_end", "beat_end", "along_end"))
        bottom, right = Signal(), Signal()  # the block is in the result's last block row or column
        row_last, row_done = Signal(), Signal()
        m.d.comb += [
            line_end.eq(beat.count == block + 1),
            beat_end.eq(line_end | (block == quantizers - 1)),
            along_end.eq(beat.along_end & line_end),
            bottom.eq(Mux(beat.by_columns ^ gemm.real_transposed, along_end, beat.across_end)),
            right.eq(Mux(beat.by_columns ^ gemm.real_transposed, beat.across_end, along_end)),
            row_last.eq(row_index == Mux(bottom, gemm.last_row, BLOCK_SIDE - 1)),
            row_done.eq(second | ~takes_turns),
            self.blocks.ready.eq(row_done & row_last & beat_end),
        ]
        with m.If(self.blocks.valid):
            m.d.sync += second.eq(~row_done)
            with m.If(row_done & row_last):
                m.d.sync += [
                    row_index.eq(0),
                    row_offset.eq(0),
                    block.eq(Mux(beat_end, 0, block + 1)),
                    block_offset.eq(Mux(beat_end, 0, block_offset + beat.stride)),
                ]
            with m.Elif(row_done):
                m.d.sync += [row_index.eq(row_index + 1), row_offset.eq(row_offset + gemm.real_row_stride)]

        source = Signal(AccumulatorBlock())
        chosen = Signal()
        m.d.comb += [
            source.eq(Array(self.blocks.payload[n] for n in range(quantizers))[block]),
            chosen.eq(self.blocks.valid & ~second),
            self.nan.eq(chosen & source.nan),
        ]
        with m.If(chosen):
            m.d.sync += [
                row_valid.eq(1),
                row.exponent.eq(source.exponent),
                row.nan.eq(source.nan),
                target.address.eq(beat.address + block_offset + row_offset),
                target.last.eq(beat.last & line_end & row_last),
            ]
            for column in range(BLOCK_SIDE):
                of_row = Array(
                    Mux(
                        gemm.real_transposed,
                        source.mantissas[BLOCK_SIDE * column + n],
                        source.mantissas[BLOCK_SIDE * n + column],
                    )
                    for n in range(BLOCK_SIDE)
                )
                m.d.sync += [
                    row.mantissas[column].eq(of_row[row_index]),
                    target.mask[column].eq(~right | (column <= gemm.last_column)),
                ]
        with m.Elif(enters):
            m.d.sync += row_valid.eq(0)

    def _build_arithmetic(self, m: Module, platform, row, enters, old):
        """Rounding and addition; returns the words of both kinds of results."""
        rounded, summed = Signal(real_row()), Signal(real_row())
        for column in range(BLOCK_SIDE):
            rounding = place(
                m,
                f"rounding_{column}",
                RealRounding(ACCUMULATOR_BITS, PAIR_EXPONENT_BITS, ACCUMULATOR_REBIAS),
                platform,
            )
            adder = place(m, f"adder_{column}", Adder(), platform)
            m.d.comb += [
                rounding.mantissa.eq(row.mantissas[column]),
                rounding.exponent.eq(row.exponent),
                rounding.nan.eq(row.nan),
                rounding.valid.eq(enters),
                adder.operands.a.eq(old[column]),
                adder.operands.b.eq(rounding.result),
                adder.subtract.eq(0),
                adder.valid.eq(rounding.result_valid & self.gemm.accumulate),
                adder.advance.eq(1),
                rounded[column].eq(rounding.result),
                summed[column].eq(adder.result),
            ]
        return rounded, summed

    def _build_port(self, m: Module, valids, targets, rounded, summed) -> None:
        """A read and a write a cycle, from registers; never both in one group."""
        gemm, accumulate = self.gemm, self.gemm.accumulate
        address_bits = ceil_log2(self._config.real_group_words)
        reads, writes = Signal(), Signal()
        target = Signal.like(targets[0])
        source = Signal.like(gemm.real_base)
        m.d.comb += [
            reads.eq(valids[_READ_STAGE - 1] & accumulate),
            source.eq(targets[_READ_STAGE - 1].address + (gemm.real_addend - gemm.real_base)),
            writes.eq(Mux(accumulate, valids[_WRITE_STAGE_ACCUMULATE - 1], valids[_WRITE_STAGE - 1])),
            target.eq(Mux(accumulate, targets[_WRITE_STAGE_ACCUMULATE - 1], targets[_WRITE_STAGE - 1])),
        ]
        read_address, write_address = (Signal(address_bits, name=f"{n}_address") for n in ("read", "write"))
        words = Signal(real_row(), reset_less=True)
        m.d.sync += self.done.eq(writes & target.last)
        with m.If(reads):
            m.d.sync += read_address.eq(source)
        with m.If(writes):
            m.d.sync += [write_address.eq(target.address), words.eq(Mux(accumulate, summed, rounded))]
        for group, port in enumerate(self.memory):
            enable, write = Signal(REAL_BANKS, name=f"enable_{group}"), Signal(name=f"write_{group}")
            write_here = writes & (target.address[address_bits:] == group)
            read_here = reads & (source[address_bits:] == group)
            m.d.sync += [
                write.eq(write_here),
                enable.eq(Mux(write_here, target.mask, Mux(read_here, targets[_READ_STAGE - 1].mask, 0))),
            ]
            m.d.comb += [
                port.enable.eq(enable),
                port.write.eq(write),
                port.address.eq(Mux(write, write_address, read_address)),
                port.data_out.eq(words),
            ]
