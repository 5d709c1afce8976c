"""The addresses of a transfer: cut into bursts that do not cross 4 KiB."""

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.spec.isa.transfer import BEAT_BYTES, MEMORY_ADDRESS_BITS, TRANSFER_COUNT_BITS
from pinta_hw.spec.transfer_timing import BOUNDARY_BYTES, OUTSTANDING_BURSTS

from .axi4 import MAX_BURST_BEATS

_BEAT_BITS = ceil_log2(BEAT_BYTES)
_BOUNDARY_BITS = ceil_log2(BOUNDARY_BYTES)
assert BOUNDARY_BYTES == MAX_BURST_BEATS * BEAT_BYTES


class Bursts(wiring.Component):
    """Issues the bursts of one transfer, `OUTSTANDING_BURSTS` of them at most ahead of their responses.

    Latency: two cycles from `begin` to the first burst. Throughput: one burst a cycle.

    Members
    -------
    begin, address, beats : In
        Starts a transfer; the address is a multiple of `BEAT_BYTES`.
    stop : In(1)
        Forget what has not been issued.
    valid, ready : Out(1), In(1)
        A burst is offered; it is accepted.
    burst_address, burst_last : Out
        Its byte address, and its beats minus one.
    ended : In(1)
        The response to a burst is complete.
    none, final : Out(1)
        No burst waits for its response; exactly one does, and none will follow it.
    """

    begin: In(1)
    address: In(MEMORY_ADDRESS_BITS)
    beats: In(TRANSFER_COUNT_BITS)
    stop: In(1)
    valid: Out(1)
    ready: In(1)
    burst_address: Out(MEMORY_ADDRESS_BITS)
    burst_last: Out(ceil_log2(MAX_BURST_BEATS))
    ended: In(1)
    none: Out(1)
    final: Out(1)

    def elaborate(self, platform):
        m = Module()
        beat_address_bits = MEMORY_ADDRESS_BITS - _BEAT_BITS
        page_bits = _BOUNDARY_BITS - _BEAT_BITS
        next_beat = Signal(beat_address_bits)  # address in beats
        left = Signal(TRANSFER_COUNT_BITS)
        outstanding = Signal(range(OUTSTANDING_BURSTS + 1))
        room = Signal(page_bits + 1)
        count = Signal(page_bits + 1)
        issue = Signal()
        m.d.comb += [
            room.eq(MAX_BURST_BEATS - next_beat[:page_bits]),
            count.eq(Mux(left < room, left, room)),
            issue.eq((left != 0) & ~self.stop & (outstanding != OUTSTANDING_BURSTS) & (~self.valid | self.ready)),
            self.none.eq(outstanding == 0),
            self.final.eq((outstanding == 1) & ((left == 0) | self.stop)),
        ]
        with m.If(self.ready):
            m.d.sync += self.valid.eq(0)
        with m.If(issue):
            m.d.sync += [
                self.valid.eq(1),
                self.burst_address.eq(next_beat << _BEAT_BITS),
                self.burst_last.eq(count - 1),
                next_beat.eq(next_beat + count),
                left.eq(left - count),
            ]
        with m.If(self.stop):
            m.d.sync += left.eq(0)
        m.d.sync += outstanding.eq(outstanding + issue - self.ended)
        with m.If(self.begin):
            m.d.sync += [next_beat.eq(self.address[_BEAT_BITS:]), left.eq(self.beats)]
        return m
