"""The elementwise unit: from an instruction and a scratchpad to results in the scratchpad."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .epilogue.collector import Collector
from .epilogue.instruction import elementwise_layout
from .epilogue.lane import ElementwiseLane
from .epilogue.reader import Reader
from .epilogue.result_writer import ResultWriter
from .memory.scratchpad import ReadSignature, WriteSignature
from .placement import place
from .smx import Width
from .spec.config import AcceleratorConfig
from .spec.isa.elementwise import ElementwiseOperation


class ElementwiseUnit(wiring.Component):
    """Executes one `pinta_hw.spec.isa.elementwise.Elementwise` at a time: reader, collector, lanes, writer.

    Latency: `spec.elementwise_timing.elementwise_cycles`. Nothing ever stalls it.

    Members
    -------
    start : In(1)
        Begin `elementwise`, which stays constant until `done`.
    done : Out(1)
        The last result is being written in this cycle.
    nan : Out(1)
        A NaN block was computed.
    p_memory, q_memory, result_memory : Out
        Scratchpad clients.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "elementwise": In(elementwise_layout(config)),
                "done": Out(1),
                "nan": Out(1),
                "p_memory": Out(ReadSignature(config)),
                "q_memory": Out(ReadSignature(config)),
                "result_memory": Out(WriteSignature(config)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self._config
        reader = place(m, "reader", Reader(config), platform)
        collector = place(m, "collector", Collector(config), platform)
        lanes = [
            place(m, f"lane_{n}", ElementwiseLane(tables=n < config.table_lanes), platform)
            for n in range(config.elementwise_lanes)
        ]
        writer = place(m, "writer", ResultWriter(config), platform)
        wiring.connect(m, wiring.flipped(self.p_memory), reader.p_memory)
        wiring.connect(m, wiring.flipped(self.q_memory), reader.q_memory)
        wiring.connect(m, wiring.flipped(self.result_memory), writer.memory)
        for part in (reader, collector, writer):
            m.d.comb += part.instruction.eq(self.elementwise)
        for mine, theirs in ((collector.p_slots, reader.p_slots), (collector.q_slots, reader.q_slots)):
            m.d.comb += [mine[slot].eq(theirs[slot]) for slot in range(config.banks)]
        m.d.comb += [
            reader.start.eq(self.start),
            writer.start.eq(self.start),
            collector.p_read.eq(reader.p_read),
            collector.q_read.eq(reader.q_read),
            collector.complete.eq(reader.complete),
            collector.beat.eq(reader.beat),
            writer.valid.eq(self._build_journey(m, collector)),
            self.done.eq(writer.done),
            self.nan.eq(Cat(lane.nan for lane in lanes).any()),
        ]
        for index, lane in enumerate(lanes):
            m.d.comb += [
                lane.valid.eq(collector.valid),
                lane.present.eq(collector.present[index]),
                lane.step.eq(collector.steps[index]),
                lane.first.eq(collector.first),
                lane.last.eq(collector.last),
                lane.width.eq(Width(self.elementwise.result_width)),
                writer.blocks[index].eq(lane.block),
            ]
        return m

    def _build_journey(self, m, collector):
        """Whether a group leaves the lanes: it enters the queue as far behind its end as its lane is long."""
        operation = self.elementwise.operation
        is_sum, is_table = operation == ElementwiseOperation.SUM_PARTS, operation == ElementwiseOperation.TABLE
        entering = Signal()
        queue = Signal(ElementwiseLane.table_latency)
        place_of = {
            latency: 1 << (latency - 1)
            for latency in (ElementwiseLane.sum_latency, ElementwiseLane.table_latency, ElementwiseLane.product_latency)
        }
        at = Mux(
            is_sum,
            place_of[ElementwiseLane.sum_latency],
            Mux(is_table, place_of[ElementwiseLane.table_latency], place_of[ElementwiseLane.product_latency]),
        )
        m.d.comb += entering.eq(collector.valid & (collector.last | ~is_sum))
        m.d.sync += queue.eq((queue >> 1) | Mux(entering, at, 0))
        return queue[0]
