"""Parameters on their way through an optimizer's pipeline, from the real memory and back."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.memory.real_memory import RealPort, real_row
from pinta_hw.placement import place

from ..spec.config import AcceleratorConfig
from ..spec.isa.real import ADAM_SCALARS, LENGTH_BITS, Optimizer
from ..spec.isa.real_memory import REAL_BANKS, REAL_GROUPS
from ..spec.real_timing import OPERAND_CYCLES, PARAMETER_GROUPS, update_pace
from .dataflow import Dataflow
from .delay_line import DelayLine
from .float32 import Float32

_WORD_BITS = ceil_log2(REAL_BANKS)
_ROW_COUNT_BITS = LENGTH_BITS - _WORD_BITS


class UpdateScalars(data.StructLayout):
    """The constants of a step."""

    def __init__(self):
        super().__init__({name: Float32() for name in ADAM_SCALARS})


class UpdateStream(wiring.Component):
    """Updates parameters by one optimizer. In each period one row is read from every group, and one is written back.

    A row travels as one bit; the schedule says where in this bit's way each group is read, each unit gets operands
    and each result is written.

    Latency: from ``start``, one cycle to the first read; the others follow as `spec.real_timing.update_pace` says.

    Parameters
    ----------
    config : AcceleratorConfig
    optimizer : Optimizer

    Members
    -------
    start : In(1)
    row : In
        The first row of the parameters in each group.
    count : In(24)
        Parameters, 1 or more. They stay constant until ``done``, as do the scalars from their first use on.
    scalars : In(UpdateScalars)
    done : Out(1)
        The last row is being written in this cycle.
    memory : Out(RealPort(config)).array(REAL_GROUPS)
        Client of the real memory; all zeros where it asks for nothing.
    """

    def __init__(self, config: AcceleratorConfig, optimizer: Optimizer):
        self._config = config
        self._optimizer = optimizer
        super().__init__(
            {
                "start": In(1),
                "row": In(ceil_log2(config.real_words)),
                "count": In(LENGTH_BITS),
                "scalars": In(UpdateScalars()),
                "done": Out(1),
                "memory": Out(RealPort(config)).array(REAL_GROUPS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        pace = update_pace(self._config.update_lanes, self._optimizer)
        rows, lasts = self._build_rows(m, pace)
        lanes = [
            place(m, f"lane_{index}", Dataflow(pace.schedule, pace.period_cycles // pace.beats), platform)
            for index in range(self._config.update_lanes)
        ]
        for lane in lanes:
            for cycle in range(pace.schedule.latency_cycles):
                first = OPERAND_CYCLES + cycle
                m.d.comb += lane.active[cycle].eq(Cat(rows[first : first + pace.beats]).any())
            for name in ADAM_SCALARS:
                if name in lane.signature.members:
                    m.d.comb += getattr(lane, name).eq(self.scalars[name])
        for name, read in pace.reads.items():
            self._build_read(m, name, rows[read:], lanes, pace)
        for name, write in pace.writes.items():
            self._build_write(m, name, write, rows, lasts, lanes, pace, platform)
        last_write = max(pace.writes.values())
        m.d.comb += self.done.eq(rows[last_write] & lasts[last_write])
        return m

    def _build_rows(self, m, pace):
        """Bits that say in which cycle a row is, and whether it is the last one."""
        sending, last = Signal(), Signal()
        phase = Signal(range(pace.period_cycles))
        rows_left = Signal(_ROW_COUNT_BITS)
        row, row_is_last = Signal(), Signal()
        m.d.comb += [
            row.eq(sending & (phase == 0)),
            last.eq(rows_left == 0),
            row_is_last.eq(row & last),
        ]
        with m.If(self.start):
            m.d.sync += [sending.eq(1), phase.eq(0), rows_left.eq((self.count - 1) >> _WORD_BITS)]
        with m.Elif(sending):
            m.d.sync += phase.eq(Mux(phase == pace.period_cycles - 1, 0, phase + 1))
            with m.If(row):
                m.d.sync += [rows_left.eq(rows_left - 1), sending.eq(~last)]
        on_the_way = Signal(max(pace.writes.values()))
        lasts_on_the_way = Signal.like(on_the_way)
        m.d.sync += [on_the_way.eq(Cat(row, on_the_way)), lasts_on_the_way.eq(Cat(row_is_last, lasts_on_the_way))]
        return Cat(row, on_the_way), Cat(row_is_last, lasts_on_the_way)

    def _build_read(self, m, name, rows, lanes, pace):
        """A row of a group, and its elements into the operand registers of the lanes, a beat after the other."""
        port = self.memory[PARAMETER_GROUPS[name]]
        address = self._build_address(m, f"{name}_read", rows[0])
        with m.If(rows[0]):
            m.d.comb += [port.enable.eq(~0), port.address.eq(address * REAL_BANKS)]
        for index, lane in enumerate(lanes):
            operand = Signal(Float32(), name=f"{name}_{index}", reset_less=True)
            for beat in range(pace.beats):
                with m.If(rows[1 + beat]):
                    m.d.sync += operand.eq(port.data_in[beat * len(lanes) + index])
            m.d.comb += getattr(lane, name).eq(operand)

    def _build_write(self, m, name, write, rows, lasts, lanes, pace, platform):
        """Results side by side, and back to where their row came from."""
        port = self.memory[PARAMETER_GROUPS[name]]
        results = Signal(real_row(), name=f"new_{name}", reset_less=True)
        for index, lane in enumerate(lanes):
            result = getattr(lane, f"new_{name}")
            if pace.waits[name]:
                line = place(m, f"wait_{name}_{index}", DelayLine(pace.waits[name]), platform)
                m.d.comb += line.i.eq(result)
                result = line.taps[-1]
            for beat in range(pace.beats):
                with m.If(rows[write - pace.beats + beat]):
                    m.d.sync += results[beat * len(lanes) + index].eq(result)
        address = self._build_address(m, f"{name}_write", rows[write])
        with m.If(rows[write]):
            last_word = (self.count - 1)[:_WORD_BITS]
            m.d.comb += [
                port.enable.eq(Mux(lasts[write], (2 << last_word) - 1, ~0)),
                port.write.eq(1),
                port.address.eq(address * REAL_BANKS),
                port.data_out.eq(results),
            ]

    def _build_address(self, m, name, access):
        """The row of an access; it moves on behind it."""
        address = Signal(len(self.row), name=f"{name}_row")
        with m.If(self.start):
            m.d.sync += address.eq(self.row)
        with m.Elif(access):
            m.d.sync += address.eq(address + 1)
        return address
