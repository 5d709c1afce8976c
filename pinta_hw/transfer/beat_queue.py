"""A short queue of beats between the real memory, which cannot stall, and the AXI port, which can."""

from amaranth import Array, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from .axi4 import DATA_BITS

DEPTH = 4
"""Beats: one on its way from the memory, one arriving, one leaving, rounded up to a power of two."""


class BeatQueue(wiring.Component):
    """Asks for a beat where there is room for it, and takes it one cycle later.

    Latency: two cycles from `ask` to `valid`. Throughput: one beat a cycle.

    Members
    -------
    clear : In(1)
        Forget everything.
    wanted : In(1)
        There are beats to ask for.
    ask : Out(1)
        The next beat is read in this cycle; it must be at `data_in` in the next one.
    data_in : In
    valid, ready, data : Out, In, Out
        The oldest beat; `data` and `valid` stay until accepted.
    """

    clear: In(1)
    wanted: In(1)
    ask: Out(1)
    data_in: In(DATA_BITS)
    valid: Out(1)
    ready: In(1)
    data: Out(DATA_BITS)

    def elaborate(self, platform):
        m = Module()
        beats = Array(Signal(DATA_BITS, name=f"beat_{index}") for index in range(DEPTH))
        head = Signal(ceil_log2(DEPTH))
        tail = Signal(ceil_log2(DEPTH))
        claimed = Signal(range(DEPTH + 1))  # beats asked for and not yet accepted
        held = Signal(range(DEPTH + 1))  # beats that have arrived and are not yet accepted
        arrives = Signal()
        leaves = Signal()
        m.d.comb += [
            self.ask.eq(self.wanted & (claimed != DEPTH)),
            self.valid.eq(held != 0),
            self.data.eq(beats[head]),
            leaves.eq(self.valid & self.ready),
        ]
        m.d.sync += [
            arrives.eq(self.ask),
            claimed.eq(claimed + self.ask - leaves),
            held.eq(held + arrives - leaves),
            head.eq(head + leaves),
            tail.eq(tail + arrives),
        ]
        with m.If(arrives):
            m.d.sync += beats[tail].eq(self.data_in)
        with m.If(self.clear):
            m.d.sync += [signal.eq(0) for signal in (arrives, claimed, held, head, tail)]
        return m
