"""Which operand of a beat is read in which cycle."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..spec.config import AcceleratorConfig
from ..spec.elementwise_timing import groups_of_beat
from ..spec.isa.elementwise import OPERANDS_OF, ElementwiseOperation, operands_read
from .instruction import elementwise_layout

OPERANDS = "abcd"


class Read(data.StructLayout):
    """Half of an operand of a beat.

    Members
    -------
    valid : there is something to read
    operand : index in `OPERANDS`
    low : the third and fourth digit plane from the top, otherwise the first and second
    """

    def __init__(self) -> None:
        super().__init__({"valid": 1, "operand": range(len(OPERANDS)), "low": 1})


class ReadSchedule(wiring.Component):
    """Reads of one beat after the other, each as long as `pinta_hw.spec.elementwise_timing` says.

    The first reads come one cycle after `start`.

    Members
    -------
    start : begin with `instruction`, which stays constant
    last : the present beat is the instruction's last
    p, q : reads of the two ports in this cycle
    complete : with them the beat is read
    advance : the beat's last cycle
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "instruction": In(elementwise_layout(config)),
                "last": In(1),
                "p": Out(Read()),
                "q": Out(Read()),
                "complete": Out(1),
                "advance": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        order, count, groups = self._build_order(m)
        serial = self.instruction.serial
        deep = Array(getattr(self.instruction, f"{name}_width")[1] for name in OPERANDS)

        running, reading, low = Signal(), Signal(), Signal()
        turn = Signal(range(len(OPERANDS)))
        left = Signal.like(groups)
        p_index, q_index, last_turn, turn_end = Signal(2), Signal(2), Signal(), Signal()
        m.d.comb += [
            p_index.eq(Mux(serial, turn, turn << 1)),
            q_index.eq((turn << 1) | 1),
            self.p.operand.eq(Array(order)[p_index]),
            self.q.operand.eq(Array(order)[q_index]),
            last_turn.eq(Mux(serial, turn + 1 == count, q_index + 1 >= count)),
        ]
        q_taken, p_deep, q_deep = Signal(), Signal(), Signal()
        m.d.comb += [
            q_taken.eq(~serial & (q_index < count)),
            p_deep.eq(deep[self.p.operand]),
            q_deep.eq(q_taken & deep[self.q.operand]),
            turn_end.eq(low | ~(p_deep | q_deep)),
            self.p.valid.eq(running & reading & (p_deep | ~low)),
            self.q.valid.eq(running & reading & q_taken & (q_deep | ~low)),
            self.p.low.eq(low),
            self.q.low.eq(low),
            self.complete.eq(running & reading & turn_end & last_turn),
            self.advance.eq(running & (self.complete | ~reading) & (left == 0)),
        ]
        with m.If(self.start):
            m.d.sync += running.eq(1)
        with m.Elif(self.advance & self.last):
            m.d.sync += running.eq(0)
        with m.If(self.start | self.advance):
            m.d.sync += [reading.eq(1), turn.eq(0), low.eq(0)]
            m.d.sync += left.eq(groups - 1)
        with m.Elif(running):
            m.d.sync += left.eq(Mux(left == 0, 0, left - 1))
            m.d.sync += low.eq(~turn_end)
            with m.If(turn_end):
                m.d.sync += turn.eq(turn + 1)
            with m.If(self.complete):
                m.d.sync += reading.eq(0)
        return m

    def _build_order(self, m):
        """The operands in the order in which they are read, how many, and the cycles that the lanes need."""
        instruction = self.instruction
        order = [Signal(range(len(OPERANDS)), name=f"order_{place}") for place in range(len(OPERANDS))]
        count = Signal(range(len(OPERANDS) + 1))
        with m.If(self.start):
            with m.Switch(Cat(instruction.squared, instruction.operation)):
                for operation in OPERANDS_OF:
                    for squared in range(2):
                        names = operands_read(operation, bool(squared))
                        with m.Case(operation << 1 | squared):
                            m.d.sync += count.eq(len(names))
                            m.d.sync += [order[place].eq(OPERANDS.index(name)) for place, name in enumerate(names)]
        cycles = {operation: groups_of_beat(self._config, operation) for operation in ElementwiseOperation}
        groups = Signal(range(max(cycles.values()) + 1))
        table = ElementwiseOperation.TABLE
        m.d.comb += groups.eq(Mux(instruction.operation == table, cycles[table], cycles[ElementwiseOperation.MULTIPLY]))
        return order, count, groups
