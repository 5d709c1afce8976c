"""The elementwise unit on whole tensors: a few instructions of each kind, back to back."""

import random

import numpy as np
from amaranth.sim import Simulator

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.elementwise import elementwise_fields, elementwise_values
from pinta_hw.spec.isa.fields import pack
from pinta_hw.spec.presets import load_config
from tb.elementwise_bed import ElementwiseBed
from tb.elementwise_cases import Allocator, Case, Operation, Run, Wish, make

TINY = load_config("tiny")


def run(config: AcceleratorConfig, batches: list[list[Case]]) -> list[tuple[Case, Run, dict[int, int]]]:
    """The gateware as a function: what was seen of each case, and the words of its result.

    The cases of a batch have words of their own and follow one another without a pause.
    """
    dut = ElementwiseBed(config)
    found = []

    def cell(word: int):
        return dut.cells[word % config.banks].data[word // config.banks]

    async def execute(ctx, case: Case) -> Run:
        word = pack(elementwise_fields(config), elementwise_values(config, case.instruction))
        ctx.set(dut.elementwise.as_value(), word)
        ctx.set(dut.start, 1)
        cycles, read, written, nan, done = 0, 0, 0, False, False
        while not done:
            assert not ctx.get(dut.conflict), f"cycle {cycles}: conflict: {case.instruction}"
            cycles, read, written = cycles + 1, read + ctx.get(dut.read), written + ctx.get(dut.written)
            nan, done = nan or bool(ctx.get(dut.nan)), ctx.get(dut.done)
            await ctx.tick()
            ctx.set(dut.start, 0)
            assert cycles < 1000, f"stuck: {case.instruction}"
        return Run(cycles, read, written, nan)

    async def drive(ctx):
        for cases in batches:
            for case in cases:
                for word, value in case.given.items():
                    ctx.set(cell(word), value)
            runs = [await execute(ctx, case) for case in cases]
            for case, seen in zip(cases, runs, strict=True):
                found.append((case, seen, {word: ctx.get(cell(word)) for word in case.expected}))

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(drive)
    simulator.run()
    return found


def wishes(rng: np.random.Generator, operation: Operation) -> list[Wish]:
    """SMX-16 in full beats and with a partial one; mixed widths, more parts, and the modes."""
    wide = dict.fromkeys("abcdr", 16)
    mixed = [{name: int(bits) for name, bits in zip("abcdr", order, strict=True)} for order in _MIXES]
    found = [
        Wish(operation, wide, 1, 1, 5),
        Wish(operation, mixed[0], 3, 2, 2),
        Wish(operation, mixed[1], 2, 2, 3, serial=True),
    ]
    if operation in (Operation.MULTIPLY, Operation.MULTIPLY_ADD, Operation.DOT2, Operation.SUM_PARTS):
        found += [Wish(operation, wide, 2, 2, 3, squared=True), Wish(operation, mixed[2], 2, 2, 3, repeated=True)]
    return found


_MIXES = [(8, 12, 4, 16, 12), (12, 8, 16, 4, 8), (4, 16, 8, 12, 4)]


def test_instructions():
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    batches = []
    for operation in Operation:
        allocator = Allocator(TINY)
        batches.append([make(rng, allocator, wish) for wish in wishes(rng, operation)])
    for case, seen, words in run(TINY, batches):
        assert words == case.expected, case.instruction
        assert seen == case.run(TINY), f"{seen}, expected {case.run(TINY)}: {case.instruction}"
