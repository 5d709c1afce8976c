"""The table unit against the golden model, before anything is rounded to SMX."""

import random

import pytest
from amaranth.sim import Simulator

from golden.tables import read
from pinta_hw.epilogue.operation import Function
from pinta_hw.epilogue.table_unit import TableUnit
from pinta_hw.spec.formats import BLOCK_ELEMENTS, NAN_EXPONENT
from pinta_hw.spec.tables import TABLE_FRACTION_BITS
from tb.elementwise_vectors import WHOLE, Block, Operation, Vector, arguments


def terms(vectors: list[Vector], functions: tuple[Function, ...], rng: random.Random):
    """The gateware as a function: the terms, with pauses."""
    dut, found = TableUnit(functions), []

    async def drive(ctx):
        sent = 0
        while len(found) < len(vectors):
            valid = sent < len(vectors) and rng.random() < 0.7
            ctx.set(dut.valid, valid)
            if valid:
                ctx.set(dut.step.as_value(), vectors[sent].pack())
            if ctx.get(dut.terms_valid):
                found.append(ctx.get(dut.terms))
            sent += valid
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(drive)
    simulator.run()
    return found


def random_argument(rng: random.Random, function: Function) -> Vector:
    """Mantissas of any size at an exponent where the table has its slopes, or one whose shift would wrap."""
    sizes = [rng.randrange(1, 16) for _ in range(BLOCK_ELEMENTS)]
    mantissas = tuple(rng.randint(1 - (1 << size), (1 << size) - 1) for size in sizes)
    ends = (0, 254) if function is Function.SIN else rng.choice(((118, 131), (118, 131), (165, 190), (229, 254)))
    exponent = rng.randint(*ends)
    argument = Block(mantissas, exponent, 16)
    return Vector(Operation.TABLE, (argument,) * 4, 16, function=function, order=rng.randrange(5))


@pytest.mark.parametrize("functions", [(Function.SIN,), tuple(Function)], ids=["sin", "all"])
def test_every_bit_of_the_values(functions):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    known = [v for v in arguments() if v.function in functions and v.shape == WHOLE]
    vectors = rng.sample(known, 40) + [random_argument(rng, rng.choice(functions)) for _ in range(60)]
    rng.shuffle(vectors)
    for number, (vector, found) in enumerate(zip(vectors, terms(vectors, functions, rng), strict=True)):
        argument = vector.operands[0]
        assert found.nan == (argument.exponent == NAN_EXPONENT)
        if found.nan:
            continue
        matrix = argument.matrix(WHOLE)
        expected = read(vector.function.name.lower(), vector.order, matrix).ravel().tolist()
        values = [found.second.integers[lane] for lane in range(BLOCK_ELEMENTS)]
        assert values == expected, f"block {number}: {vector}"
        gelu = vector.function is Function.GELU and vector.order == 0
        wide = [m << (16 - argument.bits) for m in argument.mantissas]
        positive = [max(m, 0) << 14 if gelu else 0 for m in wide]
        assert [found.first.integers[lane] for lane in range(BLOCK_ELEMENTS)] == positive, f"block {number}: {vector}"
        assert found.first.exponent == argument.exponent + 127
        assert found.second.exponent == 282 - TABLE_FRACTION_BITS
