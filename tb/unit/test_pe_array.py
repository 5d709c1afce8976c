"""The PE array against the golden contraction, with gaps on every input and stalls on the output."""

import numpy as np
import pytest
from amaranth.hdl import Value
from amaranth.sim import Simulator

from pinta_hw.array.array import PeArray
from pinta_hw.spec.presets import load_config
from tb.array.stimulus import stimulus, unpack_beat
from tb.matrices import random_matrix

CONFIG = load_config("tiny")

CASES = [
    # rows, columns, k, A bits, B bits, result bits, grouping
    (1, 1, 1, 4, 4, 4, 0),
    (9, 13, 5, 8, 8, 8, 0),
    (17, 3, 9, 12, 16, 16, 1),
    (5, 21, 4, 16, 12, 12, 2),
]


@pytest.mark.parametrize("stalls", ["free", "gaps", "stalled", "both"])
def test_array_equals_golden(stalls):
    seed = {"free": 11, "gaps": 12, "stalled": 13, "both": 14}[stalls]
    print("seed", seed)
    rng = np.random.default_rng(seed)
    feed = 0.6 if stalls in ("gaps", "both") else 1.0
    take = 0.4 if stalls in ("stalled", "both") else 1.0
    queued = [], [], []
    expected = []
    for rows, columns, k, a_bits, b_bits, result_bits, grouping in CASES:
        a = random_matrix(rng, (rows, k), a_bits, nan_blocks=0.05)
        b = random_matrix(rng, (k, columns), b_bits, exponents=(90, 165))
        case = stimulus(CONFIG, grouping, a, b, result_bits)
        for queue, beats in zip(queued, (case.a, case.b, case.steps), strict=True):
            queue.extend(beats)
        expected.extend(case.results)
    received = run(rng, queued, len(expected), feed, take)
    for index, (beat, want) in enumerate(zip(received, expected, strict=True)):
        for lane, block in enumerate(want):
            if block is None:
                continue
            got = beat[lane]
            assert got.nan == block.nan and (block.nan or got == block), f"beat {index} lane {lane}: {got} != {block}"


def run(rng, queued, count, feed, take):
    dut = PeArray(CONFIG)
    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    received = []

    def driver(port, beats):
        async def drive(ctx):
            for beat in beats:
                while rng.random() > feed:
                    await ctx.tick()
                ctx.set(port.valid, 1)
                ctx.set(Value.cast(port.payload), beat)
                await ctx.tick().until(port.ready)
                ctx.set(port.valid, 0)

        return drive

    async def monitor(ctx):
        held = None
        while len(received) < count:
            ready = rng.random() < take
            ctx.set(dut.results.ready, ready)
            _, _, valid, payload = await ctx.tick().sample(dut.results.valid, Value.cast(dut.results.payload))
            if held is not None:
                assert valid and payload == held, "a stalled beat changed or went away"
            held = payload if valid and not ready else None
            if valid and ready:
                received.append(unpack_beat(CONFIG, payload))

    for port, beats in zip((dut.a, dut.b, dut.steps), queued, strict=True):
        simulator.add_testbench(driver(port, beats), background=True)
    simulator.add_testbench(monitor)
    simulator.run_until(200e-6)
    assert len(received) == count, f"{len(received)} of {count} beats arrived"
    return received
