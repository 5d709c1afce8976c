"""A stream: fetches a unit's instructions, waits for what they depend on, and starts them."""

from functools import reduce
from operator import or_

from amaranth import Cat, Module, Mux, Signal
from amaranth.hdl import Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2

from pinta_hw.instruction import operation_layout
from pinta_hw.memory.bank import Bank
from pinta_hw.placement import place
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.instruction import WAIT_BITS, Unit, stream_bits
from pinta_hw.spec.isa.limits import limits

POSITION_BITS = WAIT_BITS + 2
"""Width of a position in a program store: three sections, each as long as a count can say."""


class StoreWrite(wiring.Signature):
    """Writes one instruction into a program store."""

    def __init__(self, config: AcceleratorConfig, unit: Unit):
        super().__init__(
            {
                "valid": Out(1),
                "address": Out(ceil_log2(config.program_depth)),
                "data": Out(stream_bits(config, unit)),
            }
        )


class SectionRun(wiring.Signature):
    """Begins a section: ``count`` instructions from ``first`` on."""

    def __init__(self):
        super().__init__({"begin": Out(1), "first": Out(POSITION_BITS), "count": Out(WAIT_BITS)})


class Stream(wiring.Component):
    """The program store of one unit, and what issues its instructions in order.

    Latency and throughput: `spec.control_timing.CONTROL`. The store is one single-port memory. Its output holds the
    next instruction while the unit runs, and what the instruction waits for lies in registers.

    Parameters
    ----------
    config : AcceleratorConfig
    unit : Unit
        Whose stream it is.

    Members
    -------
    store_write : In
        Fills the program store; not while a section runs.
    section : In
        Begins a section; the count of ended instructions returns to 0.
    hold : In(1)
        Start nothing any more.
    ended_of : In(WAIT_BITS) for each unit
        Instructions that the units have ended in this section.
    ended : Out(WAIT_BITS)
        This unit's share of it.
    start, operation : Out
        Begin; the operation stays constant until the cycle after `done`.
    done : In(1)
        The unit's last cycle; an operation takes two or more.
    running, idle, blocked : Out(1)
        The unit works; every instruction has ended; the next instruction waits for another unit.
    illegal, unaligned : Out(1)
        The next instruction is due but will not start: a field holds what it cannot, or does not lie in the store; an
        address is no multiple of what it must be.
    position : Out(POSITION_BITS)
        The instruction that runs or, if none does, the next one.
    """

    def __init__(self, config: AcceleratorConfig, unit: Unit):
        self._config = config
        self._unit = unit
        super().__init__(
            {
                "store_write": In(StoreWrite(config, unit)),
                "section": In(SectionRun()),
                "hold": In(1),
                "ended_of": In(WAIT_BITS).array(len(Unit)),
                "ended": Out(WAIT_BITS),
                "start": Out(1),
                "operation": Out(operation_layout(config, unit)),
                "done": In(1),
                "running": Out(1),
                "idle": Out(1),
                "blocked": Out(1),
                "illegal": Out(1),
                "unaligned": Out(1),
                "position": Out(POSITION_BITS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config, unit = self._config, self._unit
        store = place(m, "store", Bank(config.program_depth, stream_bits(config, unit)), platform)
        waits_bits = WAIT_BITS * len(Unit)
        next_waits, next_operation = store.read_data[:waits_bits], store.read_data[waits_bits:]

        next_position = Signal(POSITION_BITS)
        left = Signal(WAIT_BITS)  # instructions not yet started
        fetch = Signal()  # cycle 0: the store reads
        fetched = Signal()  # cycle 1: its output is decoded
        ready = Signal()  # cycle 2 and later: the instruction waits for others
        waits = Signal(data.ArrayLayout(WAIT_BITS, len(Unit)))
        started_position = Signal(POSITION_BITS)
        next_illegal = Signal()
        next_unaligned = Signal()
        m.d.comb += [
            store.enable.eq(self.store_write.valid | fetch),
            store.write.eq(self.store_write.valid),
            store.address.eq(next_position),
            store.write_data.eq(self.store_write.data),
        ]
        with m.If(self.store_write.valid):
            m.d.comb += store.address.eq(self.store_write.address)

        outside, unaligned = self._violations(data.View(operation_layout(config, unit), next_operation))
        m.d.sync += fetched.eq(fetch)
        with m.If(fetched):
            m.d.sync += [
                ready.eq(1),
                waits.eq(next_waits),
                next_illegal.eq(outside | (next_position >= config.program_depth)),
                next_unaligned.eq(unaligned),
            ]

        met = Signal()
        due = Signal()
        m.d.comb += [
            met.eq(Cat(self.ended_of[other] >= waits[other] for other in range(len(Unit))).all()),
            due.eq(ready & ~self.running & met & ~self.hold),
            self.illegal.eq(due & next_illegal),
            self.unaligned.eq(due & ~next_illegal & next_unaligned),
            self.blocked.eq(ready & ~self.running & ~met),
            self.idle.eq((left == 0) & ~self.running),
            self.position.eq(Mux(self.running, started_position, next_position)),
        ]
        m.d.sync += [fetch.eq(0), self.start.eq(0)]
        with m.If(~self.running):
            # Followed until the start: the enable of this wide register hangs on no comparison.
            m.d.sync += [self.operation.eq(next_operation), started_position.eq(next_position)]
        with m.If(self.done):
            m.d.sync += [self.running.eq(0), self.ended.eq(self.ended + 1)]
        with m.If(due & ~next_illegal & ~next_unaligned):
            m.d.sync += [
                self.start.eq(1),
                self.running.eq(1),
                ready.eq(0),
                left.eq(left - 1),
                next_position.eq(next_position + 1),
                fetch.eq(left != 1),
            ]
        with m.If(self.section.begin):
            m.d.sync += [
                next_position.eq(self.section.first),
                left.eq(self.section.count),
                self.ended.eq(0),
                ready.eq(0),
                fetched.eq(0),
                fetch.eq(self.section.count != 0),
            ]
        return m

    def _violations(self, operation: data.View) -> tuple[Value, Value]:
        """Whether a field holds what it cannot, and whether an address is no multiple of what it must be."""
        outside, unaligned = [Value.cast(0)], [Value.cast(0)]
        for name, limit in limits(self._config, self._unit).items():
            field = operation[name]
            if limit.least:
                outside.append(field < limit.least)
            if limit.most is not None and bits_for(limit.most + 1) <= len(field):
                outside.append(field > limit.most)
            if limit.multiple > 1:
                unaligned.append(field[: ceil_log2(limit.multiple)].any())
        return reduce(or_, outside), reduce(or_, unaligned)
