"""Whole products in the GEMM unit, in the Amaranth simulator: results and cycles."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from golden.gemm import gemm
from pinta_hw.array.block_unit import BlockUnit
from pinta_hw.gemm_unit import GemmUnit
from pinta_hw.operands.fetch import Fetch
from pinta_hw.results.quantizer import Quantizer
from pinta_hw.results.writer import Writer
from pinta_hw.spec.isa.gemm import encode
from pinta_hw.spec.presets import load_config
from pinta_hw.spec.timing import PIPELINE
from tb.gemm.batch import GemmCase, batches
from tb.matrices import random_matrix
from tb.unit_top import UnitTop, read_scratchpad, run_unit, write_scratchpad

CONFIG = load_config("tiny")


def test_latencies_are_those_of_the_timing_formulas():
    assert PIPELINE.fetch == Fetch.latency
    assert PIPELINE.array == BlockUnit.latency
    assert PIPELINE.quantizer == Quantizer.latency
    assert PIPELINE.writer == Writer.latency


@pytest.mark.parametrize("grouping", range(len(CONFIG.groupings)))
def test_products_equal_golden_in_the_predicted_cycles(grouping):
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
    dut = UnitTop(CONFIG, GemmUnit(CONFIG), "gemm", ("a_memory", "b_memory"), ("result_memory",))

    async def bench(ctx):
        for batch in batches(CONFIG, cases):
            await write_scratchpad(ctx, dut, batch.image)
            for entry, instruction in zip(batch.cases, batch.instructions, strict=True):
                cycles, nan = await run_unit(ctx, dut, encode(CONFIG, instruction))
                layout, want = instruction.result, gemm(entry.a, entry.b, entry.result_bits)
                await read_scratchpad(ctx, dut, batch.image, range(layout.base, layout.base + layout.words))
                assert batch.image.load(layout, want.shape).equals(want), entry.name
                assert cycles == entry.predicted_cycles(CONFIG), entry.name
                assert nan == want.has_nan, entry.name

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()


def case(rng, m, n, k, a_bits, b_bits, result_bits, a_transposed, b_transposed, grouping):
    a = random_matrix(rng, (m, k), a_bits, nan_blocks=0.03)
    b = random_matrix(rng, (k, n), b_bits)
    name = f"{m}x{k} {k}x{n}, {a_bits} x {b_bits} to {result_bits} bits"
    return GemmCase(name, a, b, result_bits, a_transposed, b_transposed, grouping)
