"""Instructions through the residual unit and the update unit in the Amaranth simulator."""

import random
from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Value
from amaranth.sim import Simulator

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.real import Vector, update_values, vector_values
from pinta_hw.spec.isa.real_memory import REAL_BANKS

from .cases import Case
from .executor import execute
from .memory_session import expected_cycles, rows_of
from .reference import describe
from .units_on_memory import UnitsOnMemory


def simulate_cases(config: AcceleratorConfig, cases: Sequence[Case]) -> np.ndarray:
    """Run one case after the other; compare the duration and the rows around those that it writes.

    A case without contents starts in the cycle after its predecessor, if that has no results to look at.

    Returns
    -------
    array
        Every word of the memory.

    Raises
    ------
    AssertionError
        At the first difference.
    """
    dut = UnitsOnMemory(config)
    memory = np.zeros(config.real_memory_words, dtype=np.uint32)
    rows = len(memory) // REAL_BANKS
    noise = random.Random(1)

    async def write(ctx, row):
        ctx.set(dut.host_enable, 1)
        ctx.set(dut.host_write, 1)
        ctx.set(dut.host_row, row)
        for index, word in enumerate(memory[REAL_BANKS * row : REAL_BANKS * (row + 1)].tolist()):
            ctx.set(dut.host_data[index], word)
        await ctx.tick()
        ctx.set(dut.host_enable, 0)
        ctx.set(dut.host_write, 0)

    async def read(ctx, row):
        ctx.set(dut.host_enable, 1)
        ctx.set(dut.host_row, row)
        await ctx.tick()
        ctx.set(dut.host_enable, 0)
        return [ctx.get(dut.host_response[index]) for index in range(REAL_BANKS)]

    async def execution(ctx, instruction):
        if isinstance(instruction, Vector):
            start, fields, values = dut.vector_start, dut.vector, vector_values(instruction)
        else:
            start, fields, values = dut.update_start, dut.update, update_values(instruction)
        for name, value in values.items():
            ctx.set(fields[name], value)
        ctx.set(start, 1)
        cycles, limit = 1, 2 * expected_cycles(config, instruction)
        while not ctx.get(dut.done):
            assert cycles < limit, f"{instruction} does not end"
            await ctx.tick()
            ctx.set(start, 0)
            cycles += 1
        await ctx.tick()
        ctx.set(Value.cast(fields), noise.getrandbits(len(Value.cast(fields))))  # before a start they mean nothing
        return cycles

    async def testbench(ctx):
        for case in cases:
            for first, words in case.contents.items():
                memory[first : first + len(words)] = words
            for first, words in case.contents.items():
                for row in rows_of(first, len(words)):
                    await write(ctx, row)
            cycles = await execution(ctx, case.instruction)
            assert cycles == expected_cycles(config, case.instruction), (
                f"{case.instruction}: {cycles} cycles, expected {expected_cycles(config, case.instruction)}"
            )
            execute(config, memory, case.instruction)
            for first, words in case.results:
                written = rows_of(first, words)
                for row in range(max(written.start - 1, 0), min(written.stop + 1, rows)):
                    for index, word in enumerate(await read(ctx, row)):
                        expected = int(memory[REAL_BANKS * row + index])
                        assert word == expected, (
                            f"{case.instruction}, word {REAL_BANKS * row + index}: {describe(word)}, "
                            f"expected {describe(expected)}"
                        )

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(testbench)
    simulator.run()
    return memory
