"""Driver and monitor of a unit that streams quantized blocks, with a NaN event."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cocotb.triggers import RisingEdge
from cocotb.utils import get_sim_time

PERIOD_NS = 1


def chances(rng: random.Random, probability: float) -> Iterator[bool]:
    """Whether to offer, or to accept, in each cycle."""
    while True:
        yield probability >= 1 or rng.random() < probability


def now() -> int:
    """The present cycle; the same for all who wait for the same edge."""
    return int(get_sim_time("ns")) // PERIOD_NS


class Driver:
    """Offers vectors at the input ``i``; `accepted` are the cycles in which they were taken.

    ``beside`` drives what a vector needs besides its payload.
    """

    def __init__(self, dut, beside: Callable[[Any], None] = lambda vector: None):
        self._dut = dut
        self._beside = beside
        self.accepted: list[int] = []

    async def send(self, vectors: Sequence[Any], offers: Iterator[bool]) -> None:
        dut = self._dut
        for vector in vectors:
            while not next(offers):
                dut.i__valid.value = 0
                await RisingEdge(dut.clk)
            dut.i__payload.value = vector.pack()
            self._beside(vector)
            dut.i__valid.value = 1
            await RisingEdge(dut.clk)
            while not dut.i__ready.value:
                await RisingEdge(dut.clk)
            self.accepted.append(now())
        dut.i__valid.value = 0


class Monitor:
    """Accepts blocks at the output ``o``: `received` are cycle, bits and the NaN event.

    A stalled block must neither change nor go away.
    """

    def __init__(self, dut):
        self._dut = dut
        self.received: list[tuple[int, int, bool]] = []

    async def receive(self, count: int, accepts: Iterator[bool]) -> None:
        dut = self._dut
        held = None
        while len(self.received) < count:
            ready = next(accepts)
            dut.o__ready.value = ready
            await RisingEdge(dut.clk)
            if not dut.o__valid.value:
                assert held is None, f"cycle {now()}: an offered block was withdrawn"
                continue
            packed = dut.o__payload.value.to_unsigned()
            assert held in (None, packed), f"cycle {now()}: an offered block changed"
            held = None if ready else packed
            if ready:
                self.received.append((now(), packed, bool(dut.nan.value)))
            else:
                assert not dut.nan.value, f"cycle {now()}: nan without a transfer"
