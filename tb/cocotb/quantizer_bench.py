"""Testbench of the quantizer for a Verilog simulator: driver, monitor, model and checker.

The device under test is `pinta_hw.results.quantizer.Quantizer` as Verilog. ``QUANTIZER_BLOCKS`` is the number of
random blocks of each test; they follow the directed ones. cocotb prints the seed.
"""

import os
import random
from collections.abc import Iterator

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotb.utils import get_sim_time

from golden.quantize import quantize_integers
from pinta_hw.spec.formats import BLOCK_SIDE, NAN_EXPONENT, SMX_BITS
from pinta_hw.spec.timing import PIPELINE
from tb.quantizer_vectors import UNIT_PAIR_EXPONENT, Result, Vector, directed, mismatch, random_vector, unpack

RANDOM_BLOCKS = int(os.environ.get("QUANTIZER_BLOCKS", "5000"))
PERIOD_NS = 1


def chances(rng: random.Random, probability: float) -> Iterator[bool]:
    """Whether to offer, or to accept, in each cycle."""
    while True:
        yield probability >= 1 or rng.random() < probability


def now() -> int:
    """The present cycle; the same for all who wait for the same edge."""
    return int(get_sim_time("ns")) // PERIOD_NS


class Driver:
    """Offers blocks at the input; `accepted` are the cycles in which they were taken."""

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
            dut.width.value = vector.width
            dut.i__valid.value = 1
            await RisingEdge(dut.clk)
            while not dut.i__ready.value:
                await RisingEdge(dut.clk)
            self.accepted.append(now())
        dut.i__valid.value = 0


class Monitor:
    """Accepts blocks at the output: `received` are cycle, bits and the NaN event; a stalled block must not change."""

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


def model(vectors: list[Vector]) -> list[int]:
    """The golden model's answers as the bits of `QuantizedBlock`."""
    answers = [0] * len(vectors)
    for bits in SMX_BITS:
        chosen = [n for n, vector in enumerate(vectors) if vector.bits == bits]
        matrix = quantize_integers(
            np.array([vectors[n].mantissas for n in chosen], dtype=np.int64).reshape(-1, BLOCK_SIDE),
            np.array([[vectors[n].exponent - UNIT_PAIR_EXPONENT] for n in chosen]),
            np.array([[vectors[n].nan] for n in chosen]),
            bits,
            (BLOCK_SIDE * len(chosen), BLOCK_SIDE),
        )
        blocks = matrix.mantissas.reshape(len(chosen), -1).tolist()
        for n, mantissas, exponent in zip(chosen, blocks, matrix.exponents.ravel().tolist(), strict=True):
            answers[n] = Result(tuple(mantissas), exponent).pack(bits)
    return answers


def check(vectors: list[Vector], accepted: list[int], received: list[tuple[int, int, bool]], stalled: bool) -> None:
    """Every block, its NaN event and, where nothing stalls, its latency."""
    assert len(received) == len(accepted) == len(vectors) > 0
    for number, (vector, answer) in enumerate(zip(vectors, model(vectors), strict=True)):
        cycle, packed, nan = received[number]
        assert packed == answer, f"block {number}, cycle {cycle}: {mismatch(vector, packed)}"
        exponent = unpack(packed, vector.bits).exponent
        assert nan == (exponent == NAN_EXPONENT), f"block {number}, cycle {cycle}: nan {nan}, exponent {exponent}"
        latency = cycle - accepted[number]
        assert latency >= PIPELINE.quantizer if stalled else latency == PIPELINE.quantizer, (
            f"block {number}, cycle {cycle}: latency {latency}, expected {PIPELINE.quantizer}"
        )


@cocotb.test()
@cocotb.parametrize(traffic=[(1.0, 1.0), (0.5, 1.0), (1.0, 0.5), (0.6, 0.6)])
async def quantize(dut, traffic):
    """Directed and random blocks; ``traffic`` is the probability of offering and of accepting in a cycle."""
    offer, accept = traffic
    rng = random.Random(cocotb.RANDOM_SEED)
    vectors = directed() + [random_vector(rng) for _ in range(RANDOM_BLOCKS)]
    rng.shuffle(vectors)

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
    if offer == accept == 1:
        first, last = driver.accepted[0], driver.accepted[-1]
        assert last - first == len(vectors) - 1, "less than one block a cycle"
