"""Testbench of the PE array for a Verilog simulator: drivers, monitor, model and checker.

The device under test is `pinta_hw.array.array.PeArray` as Verilog. ``PE_ARRAY_CONFIG`` names the
accelerator, ``PE_ARRAY_EVERY`` takes every so-manieth of the sixteen pairs of precisions. Contractions of awkward
sizes follow one another without a pause. cocotb prints the seed.
"""

import os
import random
from collections.abc import Iterator

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge

from pinta_hw.spec.formats import SMX_BITS
from pinta_hw.spec.presets import load_config
from tb.array.stimulus import Block, stimulus, unpack_beat
from tb.matrices import random_matrix

CONFIG = load_config(os.environ.get("PE_ARRAY_CONFIG", "tiny"))
EVERY = int(os.environ.get("PE_ARRAY_EVERY", "1"))
SHAPES = [(1, 1, 1), (9, 13, 5), (17, 3, 9), (5, 21, 4), (33, 34, 6), (70, 6, 12)]
"""Rows, columns, contraction."""


class Driver:
    """Offers beats at one input; an offered beat stays until it is taken."""

    def __init__(self, dut, name: str):
        self._clock = dut.clk
        self._valid, self._ready = getattr(dut, f"{name}__valid"), getattr(dut, f"{name}__ready")
        self._payload = getattr(dut, f"{name}__payload")
        self._valid.value = 0

    async def send(self, beats: list[int], offers: Iterator[bool]) -> None:
        for beat in beats:
            while not next(offers):
                self._valid.value = 0
                await RisingEdge(self._clock)
            self._payload.value = beat
            self._valid.value = 1
            await RisingEdge(self._clock)
            while not self._ready.value:
                await RisingEdge(self._clock)
        self._valid.value = 0


async def monitor(dut, count: int, accepts: Iterator[bool]) -> list[int]:
    """The beats that leave; a stalled one must neither change nor go away."""
    received: list[int] = []
    held = None
    while len(received) < count:
        ready = next(accepts)
        dut.results__ready.value = ready
        await RisingEdge(dut.clk)
        if not dut.results__valid.value:
            assert held is None, "an offered beat was withdrawn"
            continue
        packed = dut.results__payload.value.to_unsigned()
        assert held in (None, packed), "an offered beat changed"
        held = None if ready else packed
        if ready:
            received.append(packed)
    return received


def model(rng: np.random.Generator) -> tuple[list[int], list[int], list[int], list[tuple[Block | None, ...]]]:
    """Beats of every input and the beats that must come out, over all precisions and groupings."""
    a_beats: list[int] = []
    b_beats: list[int] = []
    steps: list[int] = []
    results: list[tuple[Block | None, ...]] = []
    pairs = [(a_bits, b_bits) for a_bits in SMX_BITS for b_bits in SMX_BITS]
    for index, (a_bits, b_bits) in list(enumerate(pairs))[::EVERY]:
        rows, columns, k = SHAPES[index % len(SHAPES)]
        a = random_matrix(rng, (rows, k), a_bits, exponents=(90, 165), nan_blocks=0.02)
        b = random_matrix(rng, (k, columns), b_bits)
        case = stimulus(CONFIG, index % len(CONFIG.groupings), a, b, SMX_BITS[index % 3])
        a_beats += case.a
        b_beats += case.b
        steps += case.steps
        results += case.results
    return a_beats, b_beats, steps, results


def check(received: list[int], expected: list[tuple[Block | None, ...]]) -> None:
    for index, (packed, beat) in enumerate(zip(received, expected, strict=True)):
        for lane, (got, want) in enumerate(zip(unpack_beat(CONFIG, packed), beat, strict=True)):
            if want is not None:
                same = got.nan == want.nan and (want.nan or got == want)
                assert same, f"beat {index}, lane {lane}: RTL {got}, golden {want}"


@cocotb.test()
@cocotb.parametrize(traffic=[(1.0, 1.0), (0.6, 1.0), (1.0, 0.4), (0.7, 0.7)])
async def contract(dut, traffic):
    """``traffic`` is the probability of offering (each input) and of accepting in a cycle."""
    offer, accept = traffic
    seed = cocotb.RANDOM_SEED
    a_beats, b_beats, steps, expected = model(np.random.default_rng(seed))

    def chances(number: int, probability: float) -> Iterator[bool]:
        rng = random.Random(seed + number)
        while True:
            yield probability >= 1 or rng.random() < probability

    dut.rst.value = 1
    dut.results__ready.value = 0
    drivers = [Driver(dut, name) for name in ("a", "b", "steps")]
    Clock(dut.clk, 1, "ns").start()
    await ClockCycles(dut.clk, 2)
    dut.rst.value = 0
    for number, (driver, beats) in enumerate(zip(drivers, (a_beats, b_beats, steps), strict=True)):
        cocotb.start_soon(driver.send(beats, chances(number, offer)))
    check(await monitor(dut, len(expected), chances(9, accept)), expected)
