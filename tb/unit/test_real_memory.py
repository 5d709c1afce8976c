"""The real memory against a flat array of words."""

import random

import pytest
from amaranth.sim import Simulator

from pinta_hw.memory.real_memory import RealMemory
from pinta_hw.spec.isa.real_memory import REAL_BANKS, REAL_GROUPS
from pinta_hw.spec.presets import load_config

CLIENTS = ("first", "second")
ACCESSES = 1000
NEAR_WORDS = 24
"""Accesses stay near each other, so that reads meet what was written."""


def simulate(dut, testbench):
    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(testbench)
    simulator.run()


def request(ctx, port, enable, write=False, address=0, words=(0,) * REAL_BANKS):
    ctx.set(port.enable, enable)
    ctx.set(port.write, write)
    ctx.set(port.address, address)
    for index, word in enumerate(words):
        ctx.set(port.data_out[index], word)


def test_random_accesses():
    """Any alignment and any mask, by two clients, on all groups in the same cycle; data stay until the next read."""
    config = load_config("tiny")
    dut = RealMemory(config, CLIENTS)
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    last = config.real_group_words - REAL_BANKS
    starts = (0, last - NEAR_WORDS, config.real_group_words // 2)
    contents = [{} for _ in range(REAL_GROUPS)]
    shown = [{} for _ in range(REAL_GROUPS)]  # word of the access to what it must show

    async def testbench(ctx):
        for cycle in range(ACCESSES):
            for group in range(REAL_GROUPS):
                user, other = rng.sample(CLIENTS, 2)
                request(ctx, getattr(dut, other)[group], 0, rng.getrandbits(1), rng.randrange(last))
                enable, write = rng.choice((0, 15, 15, rng.getrandbits(4))), rng.random() < 0.5
                address = min(rng.choice(starts) + rng.randrange(NEAR_WORDS), last)
                words = [rng.getrandbits(32) for _ in range(REAL_BANKS)]
                request(ctx, getattr(dut, user)[group], enable, write, address, words)
                chosen = [index for index in range(REAL_BANKS) if enable >> index & 1]
                if write:
                    contents[group] |= {address + index: words[index] for index in chosen}
                elif chosen:
                    shown[group] = {
                        index: contents[group][address + index]
                        for index in chosen
                        if address + index in contents[group]
                    }
            await ctx.tick()
            assert not ctx.get(dut.conflict)
            for group in range(REAL_GROUPS):
                for client in CLIENTS:
                    port = getattr(dut, client)[group]
                    for index, expected in shown[group].items():
                        word = ctx.get(port.data_in[index])
                        assert word == expected, (
                            f"cycle {cycle}, group {group}, {client}, word {index}: {word:08x}, expected {expected:08x}"
                        )

    simulate(dut, testbench)


def test_two_clients_of_a_group_conflict():
    """Even on different banks; different groups do not."""
    dut = RealMemory(load_config("tiny"), CLIENTS)

    async def testbench(ctx):
        request(ctx, dut.first[0], 0b0001)
        request(ctx, dut.second[1], 0b0001)
        await ctx.delay(1e-10)
        assert not ctx.get(dut.conflict)
        request(ctx, dut.second[0], 0b0010)
        await ctx.delay(1e-10)
        assert ctx.get(dut.conflict)
        await ctx.tick()

    with pytest.raises(AssertionError, match="two clients of one group"):
        simulate(dut, testbench)
