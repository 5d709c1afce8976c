"""Testbench of the elementwise unit for a Verilog simulator: driver, monitor, model and checker.

The device under test is `pinta_hw.epilogue.elementwise.ElementwiseUnit` as Verilog. ``ELEMENTWISE_STEPS`` is the
number of random steps of each test; they follow the directed ones. cocotb prints the seed.
"""

import os
import random
from collections.abc import Iterator

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotb.utils import get_sim_time

from pinta_hw.epilogue.elementwise import ElementwiseUnit
from pinta_hw.epilogue.operation import Operation
from pinta_hw.spec.formats import NAN_EXPONENT
from tb.elementwise_vectors import Vector, directed, mismatch, random_vector
from tb.quantizer_vectors import unpack

RANDOM_STEPS = int(os.environ.get("ELEMENTWISE_STEPS", "3000"))
PERIOD_NS = 1


def chances(rng: random.Random, probability: float) -> Iterator[bool]:
    """Whether to offer, or to accept, in each cycle."""
    while True:
        yield probability >= 1 or rng.random() < probability


def now() -> int:
    """The present cycle; the same for all who wait for the same edge."""
    return int(get_sim_time("ns")) // PERIOD_NS


class Driver:
    """Offers steps; `accepted` are the cycles in which they were taken."""

    def __init__(self, dut):
        self._dut = dut
        self.accepted: list[int] = []

    async def send(self, vectors: list[Vector], offers: Iterator[bool]) -> None:
        dut = self._dut
        for vector in vectors:
            while not next(offers):
                dut.i__valid.value = 0
                await RisingEdge(dut.clk)
            dut.i__payload.value = vector.pack()
            dut.i__valid.value = 1
            await RisingEdge(dut.clk)
            while not dut.i__ready.value:
                await RisingEdge(dut.clk)
            self.accepted.append(now())
        dut.i__valid.value = 0


class Monitor:
    """Accepts results: `received` are cycle, bits and the NaN event; a stalled block must not change."""

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


def latency(vector: Vector) -> int:
    """Without stalls."""
    table = vector.operation is Operation.TABLE
    return ElementwiseUnit.table_latency if table else ElementwiseUnit.product_latency


def check(vectors: list[Vector], accepted: list[int], received: list[tuple[int, int, bool]], stalled: bool) -> None:
    """Every block, its NaN event and, where nothing stalls, its latency."""
    assert len(received) == len(accepted) == len(vectors) > 0
    for number, vector in enumerate(vectors):
        cycle, packed, nan = received[number]
        found = mismatch(vector, packed)
        assert found is None, f"step {number}, cycle {cycle}: {found}"
        exponent = unpack(packed, vector.bits).exponent
        assert nan == (exponent == NAN_EXPONENT), f"step {number}, cycle {cycle}: nan {nan}, exponent {exponent}"
        taken, expected = cycle - accepted[number], latency(vector)
        assert taken >= expected if stalled else taken == expected, (
            f"step {number}, cycle {cycle}: latency {taken}, expected {expected}"
        )


@cocotb.test()
@cocotb.parametrize(traffic=[(1.0, 1.0, "directed"), (0.5, 1.0, "random"), (1.0, 0.5, "random"), (0.6, 0.6, "random")])
async def compute(dut, traffic):
    """Directed or random steps; ``traffic``: the probabilities of offering and of accepting in a cycle."""
    offer, accept, kind = traffic
    rng = random.Random(cocotb.RANDOM_SEED)
    vectors = directed() if kind == "directed" else []
    rng.shuffle(vectors)
    # Products and tables come in runs, as in a program; a shuffled list would wait at every change.
    vectors.sort(key=lambda vector: vector.operation is Operation.TABLE)
    vectors += [random_vector(rng) for _ in range(RANDOM_STEPS)]

    dut.rst.value = 1
    dut.i__valid.value = 0
    dut.o__ready.value = 0
    Clock(dut.clk, PERIOD_NS, "ns").start()
    await ClockCycles(dut.clk, 2)
    dut.rst.value = 0

    driver, monitor = Driver(dut), Monitor(dut)
    cocotb.start_soon(driver.send(vectors, chances(rng, offer)))
    await monitor.receive(len(vectors), chances(rng, accept))
    check(vectors, driver.accepted, monitor.received, stalled=accept < 1)
