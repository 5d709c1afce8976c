"""A lane of the elementwise unit against the golden model: a sample of the directed steps, random steps, sums."""

import random
from dataclasses import dataclass, replace
from itertools import groupby

import pytest
from amaranth.sim import Simulator

from golden import elementwise
from golden.smx import SmxMatrix
from pinta_hw.epilogue.lane import ElementwiseLane
from pinta_hw.spec.formats import BLOCK_ELEMENTS, BLOCK_SIDE, NAN_EXPONENT, SMX_BITS
from tb.elementwise_vectors import (
    NAN,
    OPERANDS,
    WHOLE,
    ZERO,
    Block,
    Operation,
    Vector,
    block,
    directed,
    limits,
    mismatch,
    random_block,
    random_vector,
)
from tb.quantizer_vectors import Result, unpack


@dataclass(frozen=True)
class Transfer:
    """A block that left: its bits, when its step entered and it left."""

    packed: int
    entered: int
    left: int
    nan: bool


def simulate(drive, tables: bool) -> None:
    dut = ElementwiseLane(tables=tables)
    simulator = Simulator(dut)
    simulator.add_clock(1e-9)

    async def testbench(ctx):
        await drive(ctx, dut)

    simulator.add_testbench(testbench)
    simulator.run()


def run(vectors: list[Vector], rng: random.Random, offer: float = 1) -> list[Transfer]:
    """The gateware as a function; the lane is empty before a table follows a product or the width changes."""
    transfers: list[Transfer] = []

    async def drive(ctx, dut):
        cycle = 0

        async def clock(vector: Vector | None, entered: list[int]) -> None:
            nonlocal cycle
            ctx.set(dut.valid, vector is not None or rng.random() < 0.5)
            ctx.set(dut.present, vector is not None)
            if vector is not None:
                ctx.set(dut.step.as_value(), vector.pack())
                ctx.set(dut.width.as_value(), vector.width)
                entered.append(cycle)
            if ctx.get(dut.block_valid):
                packed = ctx.get(dut.block.as_value())
                transfers.append(Transfer(packed, entered.pop(0), cycle, bool(ctx.get(dut.nan))))
            else:
                assert not ctx.get(dut.nan), f"cycle {cycle}: nan without a block"
            cycle += 1
            await ctx.tick()

        for _, group in groupby(vectors, lambda vector: (vector.is_table, vector.bits)):
            entered: list[int] = []
            for vector in group:
                while rng.random() >= offer:
                    await clock(None, entered)
                await clock(vector, entered)
            for _ in range(ElementwiseLane.table_latency + 1):
                await clock(None, entered)
            assert not entered

    simulate(drive, any(vector.is_table for vector in vectors))
    return transfers


def check(vectors: list[Vector], transfers: list[Transfer]) -> None:
    assert len(transfers) == len(vectors) > 0
    for number, (vector, transfer) in enumerate(zip(vectors, transfers, strict=True)):
        found = mismatch(vector, transfer.packed)
        assert found is None, f"block {number}, cycle {transfer.left}: {found}"
        assert transfer.nan == (unpack(transfer.packed, vector.bits).exponent == NAN_EXPONENT)
        latency = ElementwiseLane.table_latency if vector.is_table else ElementwiseLane.product_latency
        assert transfer.left - transfer.entered == latency


def seeded() -> random.Random:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    return random.Random(seed)


def by_width(vector: Vector) -> tuple[bool, int]:
    return vector.is_table, vector.bits


def nan_at(vectors: list[Vector], operation: Operation, place: int) -> list[Vector]:
    """Those of an operation whose operand at ``place``, and no other, is NaN."""
    return [v for v in vectors if v.operation is operation and [n for n in range(4) if v.operands[n] == NAN] == [place]]


def test_one_a_cycle():
    rng = seeded()
    everything = directed()
    products = [operation for operation in OPERANDS if operation is not Operation.TABLE]
    vectors = [v for operation in products for v in rng.sample([v for v in everything if v.operation is operation], 6)]
    vectors += rng.sample([v for v in everything if v.is_table], 24)
    vectors += [v for operation in products for name in range(4) for v in nan_at(everything, operation, name)[:1]]
    vectors += [random_vector(rng, operation) for operation in products]
    vectors += [replace(random_vector(rng, Operation.MULTIPLY), doubled=True) for _ in range(3)]
    vectors.sort(key=by_width)
    check(vectors, run(vectors, rng))


def test_gaps():
    rng = seeded()
    vectors = [random_vector(rng) for _ in range(40)]
    # Functions that are not zero at zero, on blocks with lanes outside: only the mask keeps those zero.
    vectors += [v for v in directed() if v.is_table and v.shape == (2, 3)]
    vectors.sort(key=by_width)
    check(vectors, run(vectors, rng, 0.7))


def test_the_limits_reach_every_case():
    """Each operation: NaN in, overflow to NaN, exponent 0 with elements, zero, the largest mantissas."""
    for operation in OPERANDS:
        if operation is Operation.TABLE:
            continue
        for bits in SMX_BITS:
            vectors = [v for v in limits() if v.operation is operation and v.bits == bits]
            results = [vector.golden() for vector in vectors]
            limit = (1 << (bits - 1)) - 1
            numbers = [r for v, r in zip(vectors, results, strict=True) if NAN_EXPONENT not in exponents(v)]
            assert any(r.exponent == NAN_EXPONENT for r in numbers)
            assert any(r.exponent == 0 and any(r.mantissas) for r in numbers)
            assert any(not any(r.mantissas) and r.exponent == 0 for r in numbers)
            assert any(limit in r.mantissas and -limit in r.mantissas for r in numbers)


def exponents(vector: Vector) -> set[int]:
    """Of the operands that count."""
    taken = OPERANDS[vector.operation]
    return {block.exponent for name, block in zip("abcd", vector.operands, strict=True) if name in taken}


Sum = list[tuple[Block, Block]]


def golden_sum(pairs: Sum, bits: int, shape: tuple[int, int]) -> Result:
    matrices: list[tuple[SmxMatrix, SmxMatrix]] = [(a.matrix(shape), b.matrix(shape)) for a, b in pairs]
    result = elementwise.sum_parts(matrices, bits)
    return Result(tuple(result.mantissas.ravel().tolist()), int(result.exponents[0, 0]))


def run_sums(sums: list[tuple[Sum, Sum]], bits: int, shape: tuple[int, int], rng: random.Random) -> list[Result]:
    """Pairs of sums of equally many parts, which take turns; the second of the last pair is absent."""
    results: list[Result] = []

    async def drive(ctx, dut):
        cycle, due = 0, []

        async def clock() -> None:
            nonlocal cycle
            assert ctx.get(dut.block_valid) == (cycle in due), f"cycle {cycle}"
            if cycle in due:
                results.append(unpack(ctx.get(dut.block.as_value()), bits))
            cycle += 1
            await ctx.tick()
            ctx.set(dut.valid, 0)

        for number, (one, other) in enumerate(sums):
            for part, pairs in enumerate(zip(one, other, strict=True)):
                for turn, (a, b) in enumerate(pairs):
                    while rng.random() < 0.2:
                        await clock()
                    present, last = turn == 0 or number < len(sums) - 1, part == len(one) - 1
                    vector = Vector(Operation.SUM_PARTS, (a, b, NAN, NAN), bits, shape)
                    ctx.set(dut.step.as_value(), vector.pack())
                    ctx.set(dut.width.as_value(), vector.width)
                    for port, value in (
                        (dut.valid, 1),
                        (dut.present, present),
                        (dut.first, part == 0),
                        (dut.last, last),
                    ):
                        ctx.set(port, value)
                    if present and last:
                        due.append(cycle + ElementwiseLane.sum_latency)
                    await clock()
        for _ in range(ElementwiseLane.sum_latency + 1):
            await clock()

    simulate(drive, tables=False)
    return results


def known_sums() -> list[Sum]:
    """Zero blocks at any exponent, NaN first and last, exponents that rise and fall, ties of the alignment."""
    one, far = block((16384, -16384, 3, -1), 130), block((32767, 1, -1, -32767), 250)
    small, minus = block((1, -1, 32767, 511), 127), block((-1,) * BLOCK_ELEMENTS, 127)
    high_zero = replace(ZERO, exponent=254)
    return [
        [(one, one), (high_zero, far), (small, small), (one, high_zero)],
        [(high_zero, far), (small, small), (one, one), (minus, minus)],
        [(NAN, one), (one, one), (far, far), (one, one)],
        [(one, one), (one, small), (small, one), (one, NAN)],
        [(one, one), (far, far), (one, one), (far, far)],
        [(far, far), (one, one), (far, small), (small, small)],
        [(minus, minus), (minus, one), (one, minus), (small, minus)],
        [(ZERO, ZERO)] * 4,
    ]


def sums_outside(shape: tuple[int, int]) -> list[Sum]:
    """Factors that are zero inside the shape and large outside: they count as zeros at any exponent."""
    rows, columns = shape
    inside = [lane // BLOCK_SIDE < rows and lane % BLOCK_SIDE < columns for lane in range(BLOCK_ELEMENTS)]
    outside = block([0 if lane else 32767 for lane in inside], 250)
    one = block([16384] * BLOCK_ELEMENTS, 127)
    return [[(one, outside), (one, one), (outside, one), (one, one)]] * 2


@pytest.mark.parametrize("bits", SMX_BITS)
def test_part_sums(bits):
    rng = seeded()
    sums = known_sums() if bits == max(SMX_BITS) else []
    for _ in range(8):
        near = rng.randint(0, 254)
        sums.append([(random_block(rng, near), random_block(rng, rng.choice((near, None)))) for _ in range(4)])
    shape = WHOLE if bits == max(SMX_BITS) else (rng.randint(1, 3), rng.randint(1, 4))
    sums += [] if shape == WHOLE else sums_outside(shape)
    paired = list(zip(sums[::2], sums[1::2], strict=True))
    expected = [golden_sum(pairs, bits, shape) for both in paired for pairs in both][:-1]
    for number, (found, wanted) in enumerate(zip(run_sums(paired, bits, shape, rng), expected, strict=True)):
        assert found == wanted, f"sum {number}: {sums[number]}"
