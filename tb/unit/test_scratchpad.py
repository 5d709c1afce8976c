"""The scratchpad against flat groups of words: who reaches which group, and what is noticed."""

import random

import pytest
from amaranth.sim import Simulator

from pinta_hw.memory.scratchpad import Scratchpad
from pinta_hw.spec.config import WORD_BITS
from pinta_hw.spec.formats import PLANE_BITS
from pinta_hw.spec.presets import load_config

CONFIG = load_config("tiny")
READERS, WRITERS = ("left", "right"), ("result",)
ROWS = 6
"""Accesses stay in a few rows of each group, so that reads meet what was written."""
CYCLES = 1500


def simulate(dut, testbench):
    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(testbench)
    simulator.run()


def ask(ctx, client, group, rows, words=None):
    """Ask for rows of a group; None asks a bank for nothing, and the row is any then."""
    ctx.set(client.group, group)
    for bank, row in enumerate(rows):
        ctx.set(client.enable[bank], row is not None)
        ctx.set(client.row[bank], CONFIG.words * group + row if row is not None else 0)
    for bank, word in enumerate(words or ()):
        ctx.set(client.data[bank].plane, word & ((1 << PLANE_BITS) - 1))
        ctx.set(client.data[bank].exponent, word >> PLANE_BITS)


def seeded() -> random.Random:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    return random.Random(seed)


def test_random_accesses_of_all_clients_in_the_same_cycle():
    """Each in a group of its own; what a reader sees stays while it asks for nothing and nobody reads its group."""
    rng, dut = seeded(), Scratchpad(CONFIG, READERS, WRITERS)
    contents, shown = {}, {name: {} for name in READERS}
    served = dict.fromkeys(READERS)

    async def testbench(ctx):
        for cycle in range(CYCLES):
            groups = dict(zip((*READERS, *WRITERS), rng.sample(range(CONFIG.groups), 3), strict=True))
            read = set()
            for name in READERS:
                rows = [rng.choice((None, rng.randrange(ROWS))) for _ in range(CONFIG.banks)]
                if rng.random() < 0.3:
                    rows = [None] * CONFIG.banks
                ask(ctx, getattr(dut, name), groups[name], rows)
                if any(row is not None for row in rows):
                    read.add(groups[name])
                    served[name], shown[name] = groups[name], {}
                    for bank, row in enumerate(rows):
                        if (groups[name], bank, row) in contents:
                            shown[name][bank] = contents[groups[name], bank, row]
            for name in READERS:
                if served[name] in read and served[name] != groups[name]:
                    shown[name] = {}
            rows = [rng.choice((None, rng.randrange(ROWS))) for _ in range(CONFIG.banks)]
            words = [rng.getrandbits(WORD_BITS) for _ in rows]
            ask(ctx, dut.result, groups["result"], rows, words)
            for bank, row in enumerate(rows):
                if row is not None:
                    contents[groups["result"], bank, row] = words[bank]
            assert not ctx.get(dut.conflict) and not ctx.get(dut.outside)
            await ctx.tick()
            for name in READERS:
                for bank, expected in shown[name].items():
                    word = ctx.get(getattr(dut, name).data[bank].as_value())
                    place = f"cycle {cycle}, {name}, group {served[name]}, bank {bank}"
                    assert word == expected, f"{place}: {word:018x}, expected {expected:018x}"

    simulate(dut, testbench)


def test_what_is_noticed():
    """A row outside the group that is named, or behind the last group; two clients of one group, on any banks."""
    dut = Scratchpad(CONFIG, READERS, WRITERS)
    nothing = [None] * CONFIG.banks

    async def testbench(ctx):
        async def seen():
            await ctx.delay(1e-10)
            return ctx.get(dut.outside), ctx.get(dut.conflict)

        for client in (dut.left, dut.result):
            ask(ctx, client, 1, [0, *nothing[1:]])
            assert await seen() == (0, 0)
            for row in (CONFIG.words - 1, 2 * CONFIG.words):
                ctx.set(client.row[0], row)
                assert await seen() == (1, 0)
            ctx.set(client.enable[0], 0)
            assert await seen() == (0, 0)
        ask(ctx, dut.left, 1, [0, *nothing[1:]])
        ask(ctx, dut.result, 1, [*nothing[1:], 0])
        assert await seen() == (0, 1)
        ask(ctx, dut.right, 1, [0, *nothing[1:]])
        ask(ctx, dut.result, 1, nothing)
        assert await seen() == (0, 1)
        await ctx.tick()

    with pytest.raises(AssertionError, match="two clients of one scratchpad group"):
        simulate(dut, testbench)
