"""The elementwise unit against the golden model."""

import random
from dataclasses import dataclass, replace

from amaranth.sim import Simulator

from pinta_hw.epilogue.elementwise import ElementwiseUnit
from pinta_hw.epilogue.operation import Operation
from pinta_hw.spec.formats import NAN_EXPONENT, SMX_BITS
from tb.elementwise_vectors import (
    OPERANDS,
    Vector,
    directed,
    limits,
    mismatch,
    random_vector,
)
from tb.quantizer_vectors import unpack


@dataclass(frozen=True)
class Transfer:
    """A result, and the cycles when its step entered and it left."""

    packed: int
    entered: int
    left: int
    nan: bool


def run(vectors: list[Vector], rng=None, offer: float = 1, accept: float = 1):
    """The gateware as a function. With ``rng`` the probabilities of offering and accepting apply."""
    dut = ElementwiseUnit()
    entered: list[int] = []
    transfers: list[Transfer] = []

    async def drive(ctx):
        offered, held, cycle = False, None, 0
        while len(transfers) < len(vectors):
            if not offered and len(entered) < len(vectors) and (rng is None or rng.random() < offer):
                ctx.set(dut.i.p.as_value(), vectors[len(entered)].pack())
                offered = True
            ctx.set(dut.i.valid, offered)
            ctx.set(dut.o.ready, rng is None or rng.random() < accept)
            taken, valid, ready, packed, nan = (
                await ctx.tick().sample(dut.i.ready, dut.o.valid, dut.o.ready, dut.o.p.as_value(), dut.nan)
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
            assert cycle < 200 + 20 * len(vectors), f"stuck after {len(transfers)} of {len(vectors)} blocks"

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
        assert transfer.nan == (unpack(transfer.packed, vector.bits).exponent == NAN_EXPONENT)


def seeded() -> random.Random:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    return random.Random(seed)


def latency(vector: Vector) -> int:
    table = vector.operation is Operation.TABLE
    return ElementwiseUnit.table_latency if table else ElementwiseUnit.product_latency


def test_free_running_one_a_cycle():
    """Products, then tables, then products: between tables and products, and only there, a gap."""
    rng = seeded()
    everything = directed()
    products = [operation for operation in OPERANDS if operation is not Operation.TABLE]
    vectors = [v for operation in products for v in rng.sample([v for v in everything if v.operation is operation], 6)]
    vectors += rng.sample([v for v in everything if v.operation is Operation.TABLE], 24)
    vectors += [random_vector(rng, operation) for operation in products]
    vectors += [replace(random_vector(rng, Operation.MULTIPLY), doubled=True) for _ in range(3)]
    transfers = run(vectors)
    check(vectors, transfers)
    assert [t.left - t.entered for t in transfers] == [latency(v) for v in vectors]
    gap = ElementwiseUnit.table_latency - ElementwiseUnit.product_latency
    assert [t.entered for t in transfers] == [n + gap * (n >= 54) for n in range(len(vectors))]


def test_gaps_and_stalls():
    rng = seeded()
    vectors = [random_vector(rng) for _ in range(20)]
    vectors += [random_vector(rng, rng.choice(list(OPERANDS)[:-1])) for _ in range(20)]  # fill the pipeline
    # Functions that are not zero at zero, on blocks with lanes outside: only the mask keeps those zero.
    vectors += [v for v in directed() if v.operation is Operation.TABLE and v.shape == (2, 3)]
    transfers = run(vectors, rng, 0.9, 0.5)
    check(vectors, transfers)
    assert all(t.left - t.entered >= latency(v) for v, t in zip(vectors, transfers, strict=True))


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
