"""Whole GEMMs through the accelerator in the Amaranth simulator: results and cycles."""

import numpy as np
import pytest
from amaranth.hdl import Value
from amaranth.sim import Simulator

from golden.gemm import gemm
from pinta_hw.accelerator import Accelerator
from pinta_hw.array.block_unit import BlockUnit
from pinta_hw.operands.fetch import Fetch
from pinta_hw.results.quantizer import Quantizer
from pinta_hw.results.writer import Writer
from pinta_hw.spec.config import WORD_BITS
from pinta_hw.spec.isa.gemm import encode
from pinta_hw.spec.presets import load_config
from pinta_hw.spec.timing import PIPELINE
from tb.gemm.batch import GemmCase, batches
from tb.matrices import random_matrix

CONFIG = load_config("tiny")


def test_latencies_are_those_of_the_timing_formulas():
    assert PIPELINE.fetch == Fetch.latency
    assert PIPELINE.array == BlockUnit.latency
    assert PIPELINE.quantizer == Quantizer.latency
    assert PIPELINE.writer == Writer.latency


@pytest.mark.parametrize("grouping", range(len(CONFIG.groupings)))
def test_gemms_equal_golden_in_the_predicted_cycles(grouping):
    seed = 100 + grouping
    print("seed", seed)
    rng = np.random.default_rng(seed)
    cases = [
        case(rng, 8, 8, 16, 8, 8, 8, False, False, grouping),
        case(rng, 9, 5, 7, 8, 8, 16, True, False, grouping),
        case(rng, 3, 13, 9, 12, 4, 8, False, True, grouping),
        case(rng, 12, 16, 4, 4, 8, 12, True, True, grouping),
        case(rng, 1, 1, 1, 16, 16, 4, False, False, grouping),
        # More tiles than the array holds, each faster than its results can leave: the fetch has to wait.
        case(rng, 24, 20, 4, 4, 8, 16, False, False, grouping),
    ]
    simulator = Simulator(dut := Accelerator(CONFIG))
    simulator.add_clock(1e-9)

    async def bench(ctx):
        for batch in batches(CONFIG, cases):
            await write(ctx, dut, batch.image)
            cycles = await run(ctx, dut, batch.instructions)
            assert cycles == [case.predicted_cycles(CONFIG) for case in batch.cases]
            await read(ctx, dut, batch.image)
            for entry, layout in zip(batch.cases, batch.results, strict=True):
                want = gemm(entry.a, entry.b, entry.result_bits)
                assert batch.image.load(layout, want.shape).equals(want), entry.name
            assert ctx.get(dut.nan) == any(gemm(c.a, c.b, c.result_bits).has_nan for c in batch.cases)
            assert not ctx.get(dut.conflict)

    simulator.add_testbench(bench)
    simulator.run()


def case(rng, m, n, k, a_bits, b_bits, result_bits, a_transposed, b_transposed, grouping):
    a = random_matrix(rng, (m, k), a_bits, nan_blocks=0.03)
    b = random_matrix(rng, (k, n), b_bits)
    name = f"{m}x{k} {k}x{n}, {a_bits} x {b_bits} to {result_bits} bits"
    return GemmCase(name, a, b, result_bits, a_transposed, b_transposed, grouping)


async def write(ctx, dut, image):
    ctx.set(dut.host_request.valid, 1)
    ctx.set(dut.host_request.write, 1)
    banks = CONFIG.banks
    for row in np.flatnonzero(image.written.reshape(-1, banks).any(axis=1)):
        words = range(row * banks, (row + 1) * banks)
        packed = sum(
            (int(image.planes[w]) | int(image.exponents[w]) << 64) << (WORD_BITS * n) for n, w in enumerate(words)
        )
        ctx.set(dut.host_request.row, int(row))
        ctx.set(dut.host_request.mask, sum(int(image.written[w]) << n for n, w in enumerate(words)))
        ctx.set(Value.cast(dut.host_request.data), packed)
        await ctx.tick().until(dut.host_request.ready)
    ctx.set(dut.host_request.valid, 0)


async def read(ctx, dut, image):
    """Replace the image by what the scratchpad holds."""
    ctx.set(dut.host_request.valid, 1)
    ctx.set(dut.host_request.write, 0)
    ctx.set(dut.host_request.mask, (1 << CONFIG.banks) - 1)
    for row in range(CONFIG.scratchpad_rows):
        ctx.set(dut.host_request.row, row)
        await ctx.tick().until(dut.host_request.ready)
        packed = ctx.get(Value.cast(dut.host_response.data))
        for bank in range(CONFIG.banks):
            word = packed >> (WORD_BITS * bank)
            image.planes[row * CONFIG.banks + bank] = word & ((1 << 64) - 1)
            image.exponents[row * CONFIG.banks + bank] = (word >> 64) & 255
    ctx.set(dut.host_request.valid, 0)


async def run(ctx, dut, instructions):
    ctx.set(dut.program_write.valid, 1)
    for address, instruction in enumerate(instructions):
        ctx.set(dut.program_write.address, address)
        ctx.set(Value.cast(dut.program_write.data), encode(CONFIG, instruction))
        await ctx.tick()
    ctx.set(dut.program_write.valid, 0)
    ctx.set(dut.length, len(instructions))
    ctx.set(dut.start, 1)
    await ctx.tick()
    ctx.set(dut.start, 0)
    cycles = []
    for _ in range(10_000):
        await ctx.tick()
        if ctx.get(dut.retired):
            cycles.append(ctx.get(dut.retired_cycles))
        if ctx.get(dut.done):
            return cycles
    raise AssertionError("the program does not end")
