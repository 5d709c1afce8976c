"""Testbench of the elementwise unit with a scratchpad: instructions back to back, results and cycles of each.

The device under test is `tb.elementwise_bed.ElementwiseBed` as Verilog. ``ELEMENTWISE_CONFIG`` names the
accelerator, ``ELEMENTWISE_CASES`` is the number of random instructions. cocotb prints the seed.
"""

import os
import random
from collections.abc import Callable
from functools import partial
from itertools import groupby, product

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge

from pinta_hw.spec.config import WORD_BITS
from pinta_hw.spec.formats import PLANE_BITS, SMX_BITS
from pinta_hw.spec.isa.elementwise import elementwise_fields, elementwise_values, operands_read
from pinta_hw.spec.isa.fields import pack
from pinta_hw.spec.presets import load_config
from tb.elementwise_cases import Allocator, Case, Operation, Run, Wish, alike, batch, make, of_vectors, random_wish
from tb.elementwise_vectors import directed, random_vector

CONFIG = load_config(os.environ.get("ELEMENTWISE_CONFIG", "tiny"))
RANDOM_CASES = int(os.environ.get("ELEMENTWISE_CASES", "60"))
RANDOM_VECTORS = 20 * RANDOM_CASES
BLOCKS = 64
"""Of an instruction, at most, where they are all in one direction."""
MASK = (1 << WORD_BITS) - 1


class Bed:
    """The device and its memory as the host sees it."""

    def __init__(self, dut, rng: np.random.Generator):
        self._dut, self._rng = dut, rng

    async def reset(self) -> None:
        dut = self._dut
        dut.rst.value, dut.start.value, dut.write.value = 1, 0, 0
        Clock(dut.clk, 1, "ns").start()
        await ClockCycles(dut.clk, 2)
        dut.rst.value = 0

    async def write(self, words: dict[int, int]) -> None:
        """Rows with these words; noise in their other places."""
        dut, banks = self._dut, CONFIG.banks
        for row in sorted({word // banks for word in words}):
            noise = int.from_bytes(self._rng.bytes(banks * WORD_BITS // 8), "little")
            for bank in range(banks):
                if row * banks + bank in words:
                    noise &= ~(MASK << bank * WORD_BITS)
                    noise |= words[row * banks + bank] << bank * WORD_BITS
            dut.row.value, dut.data_in.value, dut.write.value = row, noise, 1
            await RisingEdge(dut.clk)
        dut.write.value = 0

    async def read(self, words: dict[int, int]) -> dict[int, int]:
        """The present content of these words."""
        dut, banks, found = self._dut, CONFIG.banks, {}
        for row in sorted({word // banks for word in words}):
            dut.row.value = row
            await ClockCycles(dut.clk, 2)
            await RisingEdge(dut.clk)
            content = dut.data_out.value.to_unsigned()
            found |= {row * banks + bank: content >> bank * WORD_BITS & MASK for bank in range(banks)}
        return {word: found[word] for word in words}

    async def execute(self, case: Case) -> Run:
        """The next one may start right after it."""
        dut, cycles, read, written, nan = self._dut, 0, 0, 0, False
        fields = elementwise_fields(CONFIG)
        dut.elementwise.value = pack(fields, elementwise_values(CONFIG, case.instruction))
        dut.start.value = 1
        while True:
            await RisingEdge(dut.clk)
            dut.start.value = 0
            cycles += 1
            assert not dut.conflict.value, f"cycle {cycles}: conflict: {case.instruction}"
            read += dut.read.value.to_unsigned()
            written += dut.written.value.to_unsigned()
            nan |= bool(dut.nan.value)
            if dut.done.value:
                return Run(cycles, read, written, nan)
            assert cycles < 20000, f"stuck: {case.instruction}"


def difference(case: Case, found: dict[int, int]) -> str:
    lines = [str(case.instruction)]
    for word, expected in case.expected.items():
        if found[word] != expected:
            exponents = found[word] >> PLANE_BITS, expected >> PLANE_BITS
            planes = (value & (1 << PLANE_BITS) - 1 for value in (found[word], expected))
            lines.append(
                f"word {word}: exponent {exponents[0]}, expected {exponents[1]}; " + ", ".join(map(hex, planes))
            )
    return "\n".join(lines[:12])


async def check(dut, rng: np.random.Generator, wishes: list[Callable[[Allocator], Case]]) -> int:
    """Execute cases as wished; how many."""
    bed, count = Bed(dut, rng), 0
    await bed.reset()
    while wishes:
        cases = batch(CONFIG, wishes)
        await bed.write({word: value for case in cases for word, value in case.given.items()})
        runs = [await bed.execute(case) for case in cases]
        for case, seen in zip(cases, runs, strict=True):
            found = await bed.read(case.expected)
            assert found == case.expected, difference(case, found)
            assert seen == case.run(CONFIG), f"{seen}, expected {case.run(CONFIG)}: {case.instruction}"
        count += len(cases)
    return count


@cocotb.test()
async def widths(dut):
    """Every operation, every width of every operand and of the result, in few blocks."""
    rng = np.random.default_rng(cocotb.RANDOM_SEED)
    wishes = []
    for operation in Operation:
        names = operands_read(operation)
        for index, bits in enumerate(product(SMX_BITS, repeat=min(2, len(names)) + 1)):
            given = dict(zip("ab", bits, strict=False)) | {"c": bits[index % 2], "d": bits[0], "r": bits[-1]}
            given = {name: given.get(name, bits[0]) for name in "abcdr"}
            if names == "ac":
                given["c"] = bits[1]
            serial, kind = index % 3 == 1, index % 5
            has_b = "b" in names
            inner = 1 + index % (CONFIG.quantizers + 1)
            squared, repeated = has_b and kind == 1, has_b and kind == 3
            wishes.append(Wish(operation, given, 1 + index % 2, 1, inner, serial, squared, repeated))
    assert await check(dut, rng, [partial(make, rng, wish=wish) for wish in wishes]) > 6 * 4**3


@cocotb.test()
async def sizes(dut):
    """Random sizes and modes."""
    rng = np.random.default_rng(cocotb.RANDOM_SEED)
    wishes = [random_wish(rng, CONFIG, operation) for operation in Operation for _ in range(4)]
    wishes += [random_wish(rng, CONFIG) for _ in range(RANDOM_CASES)]
    await check(dut, rng, [partial(make, rng, wish=wish) for wish in wishes])


@cocotb.test()
async def vectors(dut):
    """What is hard about the arithmetic, and random blocks."""
    rng = np.random.default_rng(cocotb.RANDOM_SEED)
    blocks = random.Random(cocotb.RANDOM_SEED)
    given = [*directed(), *(random_vector(blocks) for _ in range(RANDOM_VECTORS))]
    given.sort(key=alike)
    wishes = []
    for _, group in groupby(given, alike):
        found = list(group)
        for start in range(0, len(found), BLOCKS):
            wishes.append(partial(of_vectors, rng, vectors=found[start : start + BLOCKS]))
    await check(dut, rng, wishes)
