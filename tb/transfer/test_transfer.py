"""The transfer unit: what it moves, in how many cycles, and what it does about errors."""

import random
from dataclasses import replace

import pytest
from amaranth.hdl import Value
from amaranth.sim import Simulator

from pinta_hw.spec.control_timing import STEP_BITS
from pinta_hw.spec.isa.fields import pack
from pinta_hw.spec.isa.instruction import Unit, operation_fields
from pinta_hw.spec.isa.transfer import BEAT_BYTES, MEMORY_ADDRESS_BITS, Direction, Transfer, transfer_values
from pinta_hw.spec.presets import load_config
from pinta_hw.spec.transfer_timing import OUTSTANDING_BURSTS, burst_beats, transfer_cycles
from pinta_hw.transfer.unit import TransferUnit
from tb.transfer.memories import BOUNDARY, AxiMemory, LocalMemories

CONFIG = replace(load_config("tiny"), words=1024, real_words=1024)
LIMIT = 20_000


def seeded() -> random.Random:
    seed = random.randrange(1 << 31)
    print(f"seed {seed}")
    return random.Random(seed)


class Bench:
    def __init__(self, axi: AxiMemory):
        self.dut = TransferUnit(CONFIG)
        self.axi = axi
        self.local = LocalMemories(CONFIG.banks, CONFIG.real_group_words)
        self.simulator = Simulator(self.dut)
        self.simulator.add_clock(1e-9)
        self.simulator.add_process(axi.process(self.dut.axi))
        self.simulator.add_process(self.local.process(self.dut))

    async def run(self, ctx, transfer: Transfer, step: int = 0, base: int = 0) -> tuple[int, dict[str, int]]:
        """Cycles from start to done, both included, and the faults by name, with their address."""
        dut = self.dut
        word = pack(operation_fields(CONFIG, Unit.TRANSFER), transfer_values(transfer))
        ctx.set(Value.cast(dut.operation), word)
        ctx.set(dut.step, step)
        ctx.set(dut.base, base)
        ctx.set(dut.start, 1)
        faults = {}
        for cycles in range(1, LIMIT):
            fault = dut.fault
            _, _, done, quiet, memory, bad, address = await ctx.tick().sample(
                dut.done, dut.quiet, fault.memory, fault.bad_address, fault.address
            )
            ctx.set(dut.start, 0)
            faults |= {name: address for name, event in (("memory", memory), ("bad_address", bad)) if event}
            if done:
                assert quiet
                if transfer.direction != Direction.STORE_REAL and not faults:
                    assert self.local.last_write == self.local.cycle - 1, "done is not the cycle of the last write"
                return cycles, faults
        pytest.fail(f"not done after {LIMIT} cycles")

    def simulate(self, testbench) -> None:
        self.simulator.add_testbench(testbench)
        self.simulator.run()


def address_of(transfer: Transfer, step: int, base: int) -> int:
    return base + transfer.memory + step * transfer.step_stride


def check(bench: Bench, transfer: Transfer, step: int, base: int, before: dict[int, int]) -> None:
    """Every word is where it belongs, and no other was touched."""
    axi, local, address = bench.axi, bench.local, address_of(transfer, step, base)
    lengths = burst_beats(address, transfer.beats)
    assert [length for _, _, length in axi.bursts] == lengths
    for beat in range(transfer.beats):
        value = axi.beats[address + BEAT_BYTES * beat]
        if transfer.direction == Direction.LOAD_TENSOR:
            assert local.tensor.pop(transfer.local + beat) == value & ((1 << 72) - 1)
        else:
            words = before if transfer.direction == Direction.STORE_REAL else local.real
            found = [words.get(transfer.local + 4 * beat + n, 0) for n in range(4)]
            assert sum(word << (32 * n) for n, word in enumerate(found)) == value, (beat, found)
    assert not local.tensor
    if transfer.direction != Direction.STORE_REAL:
        assert len(local.real) == (4 * transfer.beats if transfer.direction == Direction.LOAD_REAL else 0)
    else:
        assert len(axi.beats) == transfer.beats


def random_transfer(rng: random.Random, direction: Direction, beats: int) -> tuple[Transfer, int, int]:
    """A transfer, a step, and a base, close to a page boundary half of the time."""
    room = (
        CONFIG.scratchpad_words - beats if direction == Direction.LOAD_TENSOR else CONFIG.real_memory_words - 4 * beats
    )
    local = rng.randint(0, room) if direction == Direction.LOAD_TENSOR else 4 * rng.randint(0, room // 4)
    step, base = rng.choice([0, 1, 999, rng.randrange(1 << 20)]), BEAT_BYTES * rng.randrange(1 << 30)
    stride = BEAT_BYTES * rng.randrange((1 << 34) // max(1, step) // BEAT_BYTES)
    memory = BEAT_BYTES * rng.randrange(1 << 30)
    if rng.random() < 0.5:
        memory += -(base + memory + step * stride) % BOUNDARY - BEAT_BYTES * rng.randint(0, 3)
    return Transfer(direction, max(memory, 0), stride, local, beats), step, base


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("latency", [1, 7, 90])
def test_moves_everything_in_the_predicted_cycles(direction, latency):
    rng = seeded()
    bench = Bench(AxiMemory(latency))

    async def testbench(ctx):
        for beats in [1, 2, 3, 5, 255, 256, 257, rng.randint(1, 40), rng.randint(520, 700)]:
            transfer, step, base = random_transfer(rng, direction, beats)
            bench.axi.beats.clear(), bench.axi.bursts.clear(), bench.local.real.clear()
            if direction == Direction.STORE_REAL:
                bench.local.real |= {transfer.local + n: rng.getrandbits(32) for n in range(4 * beats)}
            before = dict(bench.local.real)
            cycles, faults = await bench.run(ctx, transfer, step, base)
            assert not faults
            check(bench, transfer, step, base, before)
            predicted = transfer_cycles(direction, address_of(transfer, step, base), beats, latency)
            assert cycles == predicted, (transfer, latency)

    bench.simulate(testbench)


@pytest.mark.parametrize("direction", list(Direction))
def test_bursts_wait_for_room(direction):
    """More bursts than may be outstanding, and a latency that no burst hides."""
    bench = Bench(AxiMemory(2000))
    beats = 256 * (OUTSTANDING_BURSTS + 1) if direction == Direction.LOAD_TENSOR else 900

    async def testbench(ctx):
        transfer = Transfer(direction, BOUNDARY - BEAT_BYTES, 0, 0, beats)
        cycles, faults = await bench.run(ctx, transfer)
        assert not faults
        assert cycles == transfer_cycles(direction, BOUNDARY - BEAT_BYTES, beats, 2000)

    bench.simulate(testbench)


@pytest.mark.parametrize(("accept", "answer"), [(0.3, 1.0), (1.0, 0.3), (0.5, 0.5)])
@pytest.mark.parametrize("direction", list(Direction))
def test_moves_everything_through_a_port_that_stalls(direction, accept, answer):
    rng = seeded()
    bench = Bench(AxiMemory(5, accept, answer, seed=rng.randrange(1 << 31)))

    async def testbench(ctx):
        for beats in [1, 2, 40, 300]:
            transfer, step, base = random_transfer(rng, direction, beats)
            bench.axi.beats.clear(), bench.axi.bursts.clear(), bench.local.real.clear()
            if direction == Direction.STORE_REAL:
                bench.local.real |= {transfer.local + n: rng.getrandbits(32) for n in range(4 * beats)}
            before = dict(bench.local.real)
            _, faults = await bench.run(ctx, transfer, step, base)
            assert not faults
            check(bench, transfer, step, base, before)

    bench.simulate(testbench)


@pytest.mark.parametrize("direction", list(Direction))
def test_an_error_response_ends_the_transfer(direction):
    """The third page answers by errors: its address is reported, nothing of it is loaded, the next transfer works."""
    bench = Bench(AxiMemory(20, 0.8, 0.8, seed=1, bad_page=2))

    async def testbench(ctx):
        _, faults = await bench.run(ctx, Transfer(direction, 0, 0, 0, 900))
        assert faults == {"memory": 2 * BOUNDARY}
        assert len(bench.axi.bursts) <= 2 + OUTSTANDING_BURSTS
        assert all(word < 2 * 256 for word in bench.local.tensor)
        assert all(word < 2 * 1024 for word in bench.local.real)
        bench.axi.bursts.clear()
        _, faults = await bench.run(ctx, Transfer(direction, 5 * BOUNDARY, 0, 0, 300))
        assert not faults and len(bench.axi.bursts) == 2

    bench.simulate(testbench)


def test_an_error_in_the_last_beat_is_reported():
    bench = Bench(AxiMemory(3, bad_page=0))

    async def testbench(ctx):
        for direction in Direction:
            _, faults = await bench.run(ctx, Transfer(direction, 32, 0, 0, 1))
            assert faults == {"memory": 32}

    bench.simulate(testbench)


def test_an_address_outside_is_refused():
    """At each limit: the last that fits is moved, the first that does not is refused before it begins."""
    top = (1 << MEMORY_ADDRESS_BITS) - 4 * BEAT_BYTES
    tensor, real, store = Direction
    words, numbers = CONFIG.scratchpad_words, CONFIG.real_memory_words
    good = [
        (Transfer(tensor, 0, 0, words - 4, 4), 0, 0),
        (Transfer(real, 0, 0, numbers - 16, 4), 0, 0),
        (Transfer(store, 0, 0, numbers - 16, 4), 0, 0),
        (Transfer(tensor, top, 0, 0, 4), 7, 0),
        (Transfer(tensor, top - 48, BEAT_BYTES, 0, 4), 3, 0),
        (Transfer(tensor, 0, BEAT_BYTES, 0, 4), (1 << STEP_BITS) - 1, 0),
        (Transfer(tensor, top - 16, 0, 0, 4), 0, 16),
    ]
    bad = [
        (Transfer(tensor, 0, 0, words - 3, 4), 0, 0),
        (Transfer(real, 0, 0, numbers - 12, 4), 0, 0),
        (Transfer(store, 0, 0, numbers - 12, 4), 0, 0),
        (Transfer(real, 0, 0, 2, 1), 0, 0),
        (Transfer(tensor, top, 0, 0, 5), 0, 0),
        (Transfer(tensor, top - 48, BEAT_BYTES, 0, 4), 4, 0),
        (Transfer(tensor, 0, 1 << 39, 0, 1), 2, 0),
        (Transfer(tensor, 0, 1 << 30, 0, 1), 1 << 20, 0),
        (Transfer(tensor, top, 0, 0, 4), 0, 16),
        (Transfer(tensor, 0, 0, 0, 4), 0, 8),
    ]
    bench = Bench(AxiMemory(2))

    async def testbench(ctx):
        for transfer, step, base in good:
            _, faults = await bench.run(ctx, transfer, step, base)
            assert not faults, (transfer, step, base)
        bench.axi.bursts.clear()
        for transfer, step, base in bad:
            _, faults = await bench.run(ctx, transfer, step, base)
            assert list(faults) == ["bad_address"], (transfer, step, base)
        assert not bench.axi.bursts

    bench.simulate(testbench)


@pytest.mark.parametrize("direction", list(Direction))
def test_a_cancelled_transfer_ends_in_order(direction):
    """Whenever it comes, the memory gets what it was promised and the unit becomes quiet."""
    bench = Bench(AxiMemory(30, 0.7, 0.7, seed=2))
    dut = bench.dut

    async def testbench(ctx):
        word = pack(operation_fields(CONFIG, Unit.TRANSFER), transfer_values(Transfer(direction, 64, 0, 0, 900)))
        for delay in (0, 1, 5, 12, 13, 14, 15, 16, 17, 50, 200, 333):
            bench.axi.bursts.clear()
            ctx.set(Value.cast(dut.operation), word)
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            await ctx.tick().repeat(delay + 1)
            ctx.set(dut.cancel, 1)
            await ctx.tick()
            sent = len(bench.axi.bursts)
            for _ in range(LIMIT):
                *_, quiet = await ctx.tick().sample(dut.quiet)
                if quiet:
                    break
            else:
                pytest.fail("never quiet")
            assert len(bench.axi.bursts) <= sent + 1
            await ctx.tick().repeat(50)
            ctx.set(dut.cancel, 0)
        bench.axi.bursts.clear()
        _, faults = await bench.run(ctx, Transfer(direction, 0, 0, 0, 257))
        assert not faults and len(bench.axi.bursts) == 2

    bench.simulate(testbench)
