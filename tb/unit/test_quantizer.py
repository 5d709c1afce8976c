"""The quantizer against the contract in exact arithmetic, and the golden model against the same."""

import random
from dataclasses import dataclass

import numpy as np
import pytest
from amaranth.sim import Simulator

from golden.quantize import quantize_integers
from pinta_hw.results.quantizer import Quantizer
from pinta_hw.smx import Width
from pinta_hw.spec.formats import BLOCK_SIDE, NAN_EXPONENT, SMX_BITS, SmxFormat
from pinta_hw.spec.timing import PIPELINE
from tb.quantizer_vectors import (
    LARGEST,
    SMALLEST,
    UNIT_PAIR_EXPONENT,
    Result,
    Vector,
    directed,
    mismatch,
    quantized,
    random_vector,
    single,
)

RANDOM_BLOCKS = 400


@dataclass(frozen=True)
class Transfer:
    """A block that left the quantizer: its bits, and the cycles when it entered and left."""

    packed: int
    entered: int
    left: int
    nan: bool


def run(vectors: list[Vector], rng=None, offer: float = 0.7, accept: float = 0.7) -> list[Transfer]:
    """The gateware as a function. With ``rng`` the probabilities of offering and accepting apply.

    What the stream promises is checked on the way: an offered block stays until it is taken.
    """
    dut = Quantizer()
    transfers: list[Transfer] = []

    async def drive(ctx):
        source, sink = dut.i, dut.o
        payload, width, result = source.p.as_value(), dut.width.as_value(), sink.p.as_value()
        entered: list[int] = []
        offered = False
        held = None
        cycle = 0
        while len(transfers) < len(vectors):
            if not offered and len(entered) < len(vectors) and (rng is None or rng.random() < offer):
                ctx.set(payload, vectors[len(entered)].pack())
                ctx.set(width, vectors[len(entered)].width)
                offered = True
            elif not offered and rng is not None:
                ctx.set(payload, rng.getrandbits(len(payload)))  # means nothing without valid
                ctx.set(width, rng.getrandbits(len(width)))
            ctx.set(source.valid, offered)
            ctx.set(sink.ready, rng is None or rng.random() < accept)
            taken, valid, ready, packed, nan = (
                await ctx.tick().sample(source.ready, sink.valid, sink.ready, result, dut.nan)
            )[2:]
            if offered and taken:
                entered.append(cycle)
                offered = False
            assert held is None or (valid and packed == held), f"cycle {cycle}: an offered block changed"
            held = packed if valid and not ready else None
            if valid and ready:
                transfers.append(Transfer(packed, entered[len(transfers)], cycle, bool(nan)))
            else:
                assert not nan, f"cycle {cycle}: nan without a transfer"
            cycle += 1
            assert cycle < 100 + 20 * len(vectors), f"stuck after {len(transfers)} of {len(vectors)} blocks"

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(drive)
    simulator.run()
    return transfers


def check(vectors: list[Vector], transfers: list[Transfer]) -> None:
    assert len(transfers) == len(vectors) > 0
    for number, (vector, transfer) in enumerate(zip(vectors, transfers, strict=True)):
        found = mismatch(vector, transfer.packed)
        assert found is None, f"block {number}, cycle {transfer.left}: {found}"
        assert transfer.nan == (quantized(vector).exponent == NAN_EXPONENT), f"block {number}: nan {transfer.nan}"


def seeded() -> random.Random:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    return random.Random(seed)


def test_directed_blocks():
    vectors = directed()
    check(vectors, run(vectors))


def test_random_blocks_free_running_one_a_cycle():
    rng = seeded()
    vectors = [random_vector(rng) for _ in range(RANDOM_BLOCKS)]
    transfers = run(vectors)
    check(vectors, transfers)
    assert [transfer.entered for transfer in transfers] == list(range(len(vectors)))
    assert {transfer.left - transfer.entered for transfer in transfers} == {PIPELINE.quantizer}


@pytest.mark.parametrize(
    ("offer", "accept"), [(0.4, 1.0), (1.0, 0.4), (0.6, 0.6)], ids=["gaps", "stalls", "gaps and stalls"]
)
def test_random_blocks_with(offer, accept):
    rng = seeded()
    vectors = [random_vector(rng) for _ in range(RANDOM_BLOCKS // 2)]
    transfers = run(vectors, rng, offer, accept)
    check(vectors, transfers)
    latencies = [transfer.left - transfer.entered for transfer in transfers]
    assert min(latencies) == PIPELINE.quantizer
    if accept == 1.0:
        assert max(latencies) == PIPELINE.quantizer


def test_a_stalled_quantizer_fills_up_and_holds():
    """It takes one block a stage and no more; when the stall ends, they leave one a cycle."""
    dut = Quantizer()
    vectors = [single(3 << n, n, UNIT_PAIR_EXPONENT, 8) for n in range(dut.latency + 1)]

    async def drive(ctx):
        ctx.set(dut.width, Width.SMX8)
        ctx.set(dut.i.valid, 1)
        for vector in vectors[: dut.latency]:
            ctx.set(dut.i.p.as_value(), vector.pack())
            assert ctx.get(dut.i.ready)
            await ctx.tick()
        ctx.set(dut.i.p.as_value(), vectors[-1].pack())
        for _ in range(5):
            assert not ctx.get(dut.i.ready) and ctx.get(dut.o.valid)
            await ctx.tick()
        ctx.set(dut.o.ready, 1)
        for vector in vectors:
            assert ctx.get(dut.o.valid)
            assert mismatch(vector, ctx.get(dut.o.p.as_value())) is None
            await ctx.tick()
            ctx.set(dut.i.valid, 0)
        assert not ctx.get(dut.o.valid)

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(drive)
    simulator.run()


def test_a_stalled_quantizer_closes_gaps():
    """Behind a stalled block the stages fill up, so gaps cost nothing."""
    dut = Quantizer()

    async def drive(ctx):
        accepted = 0
        for cycle in range(4 * PIPELINE.quantizer):
            offered = cycle % 2 == 0
            ctx.set(dut.i.valid, offered)
            accepted += offered and ctx.get(dut.i.ready)
            await ctx.tick()
        assert accepted == PIPELINE.quantizer

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(drive)
    simulator.run()


FIXED = [
    # name, block, result; the unit pair exponent makes a mantissa worth its integer
    ("one", single(1, 0, UNIT_PAIR_EXPONENT, 8), (64,), 127),
    ("ties go to even", Vector((1 << 6, 1, 3, -1, -3, 5, *[0] * 10), UNIT_PAIR_EXPONENT, 4), (4, 0, 0, 0, 0, 0), 133),
    (
        "ties at half a unit go to even",
        Vector((1 << 7, 16, 48, 80, -16, -48, *[0] * 10), UNIT_PAIR_EXPONENT, 4),
        (4, 0, 2, 2, 0, -2),
        134,
    ),
    ("rounding up saturates", single(255, 0, UNIT_PAIR_EXPONENT, 8), (127,), 134),
    ("rounding down saturates", single(-255, 0, UNIT_PAIR_EXPONENT, 8), (-127,), 134),
    ("a negated power of two", single(-256, 0, UNIT_PAIR_EXPONENT, 8), (-64,), 135),
    ("the most negative mantissa", single(SMALLEST, 0, UNIT_PAIR_EXPONENT, 16), (-16384,), 158),
    ("the largest mantissa", single(LARGEST, 0, UNIT_PAIR_EXPONENT, 16), (32767,), 157),
    ("zeros at a high exponent", Vector((0,) * 16, 508, 12), (0,), 0),
    ("too large", single(2, 0, 398, 16), (0,), NAN_EXPONENT),
    ("too large, negated", single(-2, 0, 398, 16), (0,), NAN_EXPONENT),
    ("just not too large", single(-2, 0, 397, 16), (-16384,), 254),
    ("the smallest shared exponent", single(-1, 0, 144, 8), (-64,), 0),
    ("below the smallest shared exponent", single(-3, 0, 142, 8), (-48,), 0),
    ("rounds to zero", single(1, 0, 137, 8), (0,), 0),
]


@pytest.mark.parametrize(("vector", "mantissas", "exponent"), [row[1:] for row in FIXED], ids=[row[0] for row in FIXED])
def test_the_reference_on_worked_examples(vector, mantissas, exponent):
    assert quantized(vector) == Result((*mantissas, *[0] * (16 - len(mantissas))), exponent)


def test_worked_examples():
    vectors = [row[1] for row in FIXED]
    check(vectors, run(vectors))


@pytest.mark.parametrize("bits", SMX_BITS)
def test_the_golden_model_follows_the_same_contract(bits):
    rng = seeded()
    vectors = [vector for vector in directed() if vector.bits == bits]
    vectors += [vector for vector in (random_vector(rng) for _ in range(1000)) if vector.bits == bits]
    blocks = np.array([vector.mantissas for vector in vectors], dtype=np.int64)
    matrix = quantize_integers(
        blocks.reshape(-1, BLOCK_SIDE),
        np.array([[vector.exponent - UNIT_PAIR_EXPONENT] for vector in vectors]),
        np.array([[vector.nan] for vector in vectors]),
        bits,
        (BLOCK_SIDE * len(vectors), BLOCK_SIDE),
    )
    for number, vector in enumerate(vectors):
        rows = matrix.mantissas[BLOCK_SIDE * number : BLOCK_SIDE * (number + 1)]
        found = Result(tuple(rows.ravel().tolist()), int(matrix.exponents[number, 0]))
        assert found == quantized(vector), f"{vector}"


def test_the_directed_blocks_reach_every_case():
    """Saturation at both ends, rounding to zero, the clamp, NaN by overflow, a negated power of two: in each format."""
    for bits in SMX_BITS:
        form = SmxFormat(bits)
        vectors = [vector for vector in directed() if vector.bits == bits and not vector.nan]
        results = [quantized(vector) for vector in vectors]
        assert any(form.max_mantissa in result.mantissas for result in results)
        assert any(-form.max_mantissa in result.mantissas for result in results)
        assert any(any(v.mantissas) and not any(r.mantissas) for v, r in zip(vectors, results, strict=True))
        assert any(r.exponent == 0 and any(r.mantissas) for r in results)
        assert any(r.exponent == NAN_EXPONENT for r in results)
