"""The residual unit: operations on FP32 vectors in the real memory."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.memory.real_memory import RealPort, real_row
from pinta_hw.placement import place

from ..spec.config import AcceleratorConfig
from ..spec.isa.real import LENGTH_BITS, VectorOperation, vector_fields
from ..spec.isa.real_memory import REAL_BANKS, REAL_GROUPS
from ..spec.real import FLOAT32_EXPONENT_BITS, FLOAT32_FRACTION_BITS
from ..spec.real_timing import OPERANDS_CYCLES, VectorPace, vector_pace
from .float32 import OperandPair
from .vector_lane import VectorLane

_WORD_BITS = ceil_log2(REAL_BANKS)
_CHUNK_BITS = LENGTH_BITS - _WORD_BITS
_MINUS_0 = 1 << (FLOAT32_EXPONENT_BITS + FLOAT32_FRACTION_BITS)


def vector_layout(config: AcceleratorConfig) -> data.StructLayout:
    """The fields of a vector instruction."""
    return data.StructLayout(vector_fields(config))


class ResidualUnit(wiring.Component):
    """Executes one vector instruction at a time, in chunks of four elements: read a, read b, compute, write.

    A vector lies in one group of the real memory. A scalar is read once, so a result may take its place.

    Latency: `spec.real_timing.vector_cycles`.

    Members
    -------
    start : In(1)
        Begin `vector`, which stays constant until `done`.
    vector : In(vector_layout(config))
        Its length is 1 or more.
    done : Out(1)
        The last result is being written in this cycle.
    memory : Out(RealPort(config)).array(REAL_GROUPS)
        Client of the real memory.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "vector": In(vector_layout(config)),
                "done": Out(1),
                "memory": Out(RealPort(config)).array(REAL_GROUPS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        sums, monadic = Signal(), Signal()
        m.d.comb += [
            sums.eq(self.vector.operation == VectorOperation.SUM),
            monadic.eq(sums | (self.vector.operation == VectorOperation.SQUARE_ROOT)),
        ]
        lanes = [place(m, f"lane_{index}", VectorLane(), platform) for index in range(self._config.residual_lanes)]
        period, spacing, wait = self._build_pace(m, monadic)
        read_a, read_b, operands_there, a, b = self._build_reads(m, period, monadic)
        last_sum = self._build_lanes(m, lanes, spacing, sums, operands_there, a, b)
        write, mask, results = self._build_results(m, lanes, wait, sums, last_sum)
        self._build_ports(m, read_a, read_b, write, mask, results)
        return m

    def _paces(self) -> dict[tuple[VectorOperation, int], VectorPace]:
        """By operation, and which operands repeat: bit 0 for a, bit 1 for b."""
        return {
            (operation, repeats): vector_pace(
                self._config.residual_lanes, operation, bool(repeats & 1), bool(repeats & 2)
            )
            for operation in VectorOperation
            for repeats in range(4)
        }

    def _build_pace(self, m, monadic):
        """What the timing formulas say of this instruction."""
        paces = self._paces()
        period = Signal(range(max(pace.period_cycles for pace in paces.values())))
        spacing = Signal(range(max(pace.spacing_cycles for pace in paces.values())))
        wait = Signal(range(max(pace.wait_cycles for pace in paces.values()) + 1))
        repeats = Cat(self.vector.a_scalar, self.vector.b_scalar | monadic)
        with m.Switch(Cat(repeats, self.vector.operation)):
            for (operation, repeating), pace in paces.items():
                with m.Case(operation << 2 | repeating):
                    m.d.comb += [
                        period.eq(pace.period_cycles - 1),
                        spacing.eq(pace.spacing_cycles - 1),
                        wait.eq(pace.wait_cycles),
                    ]
        return period, spacing, wait

    def _build_reads(self, m, period, monadic):
        """Both operands of a chunk, one after the other, into registers; what comes from one word fills all."""
        vector = self.vector
        reading, first = Signal(), Signal()
        phase = Signal.like(period)
        chunks_left = Signal(_CHUNK_BITS)
        with m.If(self.start):
            m.d.sync += [
                reading.eq(1),
                first.eq(1),
                phase.eq(0),
                chunks_left.eq((vector.length - 1) >> _WORD_BITS),
            ]
        with m.Elif(reading):
            m.d.sync += phase.eq(phase + 1)
            with m.If(phase == period):
                m.d.sync += [phase.eq(0), first.eq(0), chunks_left.eq(chunks_left - 1), reading.eq(chunks_left != 0)]
        with m.If(self.done):  # of a sum, before the period is over
            m.d.sync += reading.eq(0)

        read_a, read_b = Signal(), Signal()
        m.d.comb += [
            read_a.eq(reading & (phase == 0) & (first | ~vector.a_scalar)),
            read_b.eq(reading & (phase == 1) & (first | ~vector.b_scalar) & ~monadic),
        ]
        begun = Signal(OPERANDS_CYCLES - 1)
        m.d.sync += begun.eq(Cat(reading & (phase == 0), begun))
        rows = []
        for name, read, address, scalar in (
            ("a", read_a, vector.a, vector.a_scalar),
            ("b", read_b, vector.b, vector.b_scalar),
        ):
            arrived = Signal(name=f"{name}_arrived")
            row = Signal(real_row(), name=name, reset_less=True)
            words = Array(port.data_in for port in self.memory)[self._group(address)]
            m.d.sync += arrived.eq(read)
            with m.If(arrived):
                m.d.sync += row.eq(words)
                with m.If(scalar):
                    m.d.sync += row.eq(words[0].replicate(REAL_BANKS))
            rows.append(row)
        return read_a, read_b, begun[-1], *rows

    def _build_lanes(self, m, lanes, spacing, sums, operands_there, a, b):
        """A beat's operands after the other to the lanes. A sum begins with -0, which no addition shows."""
        word = Signal(_WORD_BITS)
        """The first lane's; behind the last beat it is 0 again."""
        pause = Signal.like(spacing)
        take, taken = Signal(), Signal()
        elements_left = Signal(LENGTH_BITS)
        m.d.comb += take.eq((operands_there | ((word != 0) & (pause == 0))) & (~sums | (elements_left != 0)))
        m.d.sync += taken.eq(take)
        with m.If(self.start):
            m.d.sync += elements_left.eq(self.vector.length)
        with m.Elif(take):
            m.d.sync += [
                word.eq(word + Mux(sums, 1, len(lanes))),
                pause.eq(spacing),
                elements_left.eq(elements_left - 1),
            ]
        with m.Else():
            m.d.sync += pause.eq(pause - 1)
        with m.If(self.done):  # of a sum, in the middle of a chunk
            m.d.sync += word.eq(0)
        for index, lane in enumerate(lanes):
            operands = Signal(OperandPair(), name=f"operands_{index}", reset_less=True)
            with m.If(take):
                m.d.sync += [operands.a.eq(a[word | index]), operands.b.eq(b[word | index])]
            if index == 0:
                with m.If(take & sums):
                    m.d.sync += [operands.a.eq(_MINUS_0), operands.b.eq(a[word])]
            m.d.comb += [
                lane.operation.eq(self.vector.operation),
                lane.operands.eq(operands),
                lane.valid.eq(taken & ~sums if index else taken),
            ]
        chained, last = Signal(), Signal()
        with m.If(self.start):
            m.d.sync += chained.eq(0)
        with m.Elif(taken):
            m.d.sync += chained.eq(sums)
        m.d.sync += last.eq(elements_left == 0)
        m.d.comb += lanes[0].chained.eq(chained)
        return last

    def _build_results(self, m, lanes, wait, sums, last_sum):
        """Results of a chunk side by side, or the sum as the first one."""
        row = Signal(real_row(), name="results", reset_less=True)
        word = Signal(_WORD_BITS)
        complete = Signal()
        with m.If(lanes[0].result_valid):
            with m.If(sums):
                m.d.sync += row[0].eq(lanes[0].result)
                m.d.comb += complete.eq(last_sum)
            with m.Else():
                m.d.sync += word.eq(word + len(lanes))
                m.d.comb += complete.eq(word == REAL_BANKS - len(lanes))
                for index, lane in enumerate(lanes):
                    m.d.sync += row[word | index].eq(lane.result)
        waited = Signal(1 << len(wait))
        m.d.sync += waited.eq(Cat(complete, waited))
        with m.If(self.done):  # the next instruction may wait longer
            m.d.sync += waited.eq(0)
        write, last = Signal(), Signal()
        chunks_left = Signal(_CHUNK_BITS)
        mask = Signal(REAL_BANKS)
        m.d.comb += [
            write.eq(waited.bit_select(wait, 1)),
            last.eq(sums | (chunks_left == 0)),
            mask.eq(Mux(last, (2 << self._last_word()) - 1, ~0)),
            self.done.eq(write & last),
        ]
        with m.If(self.start):
            m.d.sync += chunks_left.eq((self.vector.length - 1) >> _WORD_BITS)
        with m.Elif(write):
            m.d.sync += chunks_left.eq(chunks_left - 1)
        with m.If(sums):
            m.d.comb += mask.eq(1)
        return write, mask, row

    def _build_ports(self, m, read_a, read_b, write, mask, results):
        """At most one access a cycle; the addresses move on behind it."""
        vector = self.vector
        parts = {"a": (read_a, vector.a), "b": (read_b, vector.b), "result": (write, vector.result)}
        addresses = {}
        for name, (access, base) in parts.items():
            addresses[name] = address = Signal(ceil_log2(self._config.real_group_words), name=f"{name}_address")
            with m.If(self.start):
                m.d.sync += address.eq(base)
            with m.Elif(access):
                m.d.sync += address.eq(address + REAL_BANKS)
        for group, port in enumerate(self.memory):
            m.d.comb += [port.address.eq(addresses["result"]), port.data_out.eq(results)]
            for name, (access, base) in parts.items():
                with m.If(access & (self._group(base) == group)):
                    m.d.comb += [
                        port.enable.eq(mask if name == "result" else ~0),
                        port.write.eq(name == "result"),
                        port.address.eq(addresses[name]),
                    ]

    def _last_word(self):
        """The last element's word in its chunk."""
        return (self.vector.length - 1)[:_WORD_BITS]

    def _group(self, address):
        return address[ceil_log2(self._config.real_group_words) :]
