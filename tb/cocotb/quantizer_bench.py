"""Testbench of the quantizer for a Verilog simulator: driver, monitor, model and checker.

The device under test is `pinta_hw.results.quantizer.Quantizer` as Verilog. ``QUANTIZER_BLOCKS`` is the number of
random blocks of each test; they follow the directed ones. cocotb prints the seed.
"""

import os
import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles

from golden.quantize import quantize_integers
from pinta_hw.spec.formats import BLOCK_SIDE, NAN_EXPONENT, SMX_BITS
from pinta_hw.spec.timing import PIPELINE
from tb.cocotb.block_stream import PERIOD_NS, Driver, Monitor, chances
from tb.quantizer_vectors import UNIT_PAIR_EXPONENT, Result, Vector, directed, mismatch, random_vector, unpack

RANDOM_BLOCKS = int(os.environ.get("QUANTIZER_BLOCKS", "5000"))


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

    driver, monitor = Driver(dut, lambda vector: setattr(dut.width, "value", vector.width)), Monitor(dut)
    cocotb.start_soon(driver.send(vectors, chances(rng, offer)))
    await monitor.receive(len(vectors), chances(rng, accept))
    check(vectors, driver.accepted, monitor.received, stalled=accept < 1)
    if offer == accept == 1:
        first, last = driver.accepted[0], driver.accepted[-1]
        assert last - first == len(vectors) - 1, "less than one block a cycle"
