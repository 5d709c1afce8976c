"""Testbench of the elementwise unit for a Verilog simulator: driver, monitor, model and checker.

The device under test is `pinta_hw.epilogue.elementwise.ElementwiseUnit` as Verilog. ``ELEMENTWISE_STEPS`` is the
number of random steps of each test; they follow the directed ones. cocotb prints the seed.
"""

import os
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles

from pinta_hw.epilogue.elementwise import ElementwiseUnit
from pinta_hw.epilogue.operation import Operation
from pinta_hw.spec.formats import NAN_EXPONENT
from tb.cocotb.block_stream import PERIOD_NS, Driver, Monitor, chances
from tb.elementwise_vectors import Vector, directed, mismatch, random_vector
from tb.quantizer_vectors import unpack

RANDOM_STEPS = int(os.environ.get("ELEMENTWISE_STEPS", "3000"))


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
