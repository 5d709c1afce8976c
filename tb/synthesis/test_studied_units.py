"""The alternatives that the studies measure compute what the block unit computes."""

import random

import pytest
from amaranth.sim import Simulator

from pinta_hw.spec.accumulator import PAIR_EXPONENT_BIAS
from rtl_gen.studies.accumulator_variants import StudyAccumulator, Variant
from rtl_gen.studies.fixed_int8 import FixedInt8Unit
from rtl_gen.studies.fused import FusedUnit, Fusion
from tb.unit.test_block_unit import contract, random_tile

pytestmark = pytest.mark.slow


def simulate(dut, cycles, read):
    """Drive one dict of port values a cycle; collect what ``read`` gives after each edge, where it is not None."""
    seen = []

    async def drive(ctx):
        for values in cycles:
            for name, value in values.items():
                ctx.set(getattr(dut, name), value)
            await ctx.tick()
            found = read(ctx)
            if found is not None:
                seen.append(found)

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(drive)
    simulator.run()
    return seen


def blocks_of(dut, cycles):
    """Results of a unit whose capture is always on, one a contraction."""
    pending = []

    def read(ctx):
        block = ctx.get(dut.result)
        found = None
        if pending and pending.pop():
            found = None if block.nan else (tuple(block.mantissas[i] for i in range(16)), block.exponent)
            found = (found,)
        if ctx.get(dut.complete):
            pending.append(True)
        return found

    idle = [{"valid": 0}] * (dut.latency + 2)
    return [found for (found,) in simulate(dut, [*cycles, *idle], read)]


def shared(tile, index, pair):
    a, b = pair
    return {
        "start": index == 0,
        "finish": index == len(tile.k_blocks) - 1,
        "pair_exponent": a.exponent + b.exponent,
        "zero": not any(a.mantissas) or not any(b.mantissas),
        "nan": 255 in (a.exponent, b.exponent),
        "valid": 1,
        "advance": 1,
        "capture": 1,
    }


def tiles_of(a_bits, b_bits):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    return [random_tile(rng, a_bits, b_bits) for _ in range(6)]


def test_fixed_int8_unit():
    dut, tiles = FixedInt8Unit(), tiles_of(8, 8)
    cycles = []
    for tile in tiles:
        for index, (a, b) in enumerate(tile.k_blocks):
            for lower in range(2):
                bytes_of_rows = [m & 255 for m in a.mantissas[8 * lower : 8 * lower + 8]]
                cycles.append(
                    shared(tile, index, (a, b))
                    | {"a": int.from_bytes(bytes_of_rows, "little"), "b": b.byte_plane(8, 0), "lower": lower}
                )
    assert blocks_of(dut, cycles) == [contract(tile) for tile in tiles]


@pytest.mark.parametrize(("a_bits", "b_bits"), [(4, 8), (8, 8), (16, 8), (8, 16), (16, 16)])
def test_fused_unit(a_bits, b_bits):
    dut, tiles = FusedUnit(), tiles_of(a_bits, b_bits)
    digits = a_bits // 4
    rows = 4 // digits
    cycles = []
    for tile in tiles:
        for index, (a, b) in enumerate(tile.k_blocks):
            for part in range(digits):
                for byte in range(b_bits // 8):
                    plane = 0
                    for brick in range(4):
                        row, digit = rows * part + brick // digits, brick % digits
                        for k in range(4):
                            plane |= a.digit(4 * row + k, digit) << (4 * (4 * brick + k))
                    cycles.append(
                        shared(tile, index, (a, b))
                        | {
                            "a": plane,
                            "b": b.byte_plane(b_bits, byte),
                            "fusion": {1: Fusion.ONE, 2: Fusion.TWO, 4: Fusion.FOUR}[digits],
                            "part": part,
                            "b_first": byte == 0,
                            "b_last": byte == b_bits // 8 - 1,
                            "last": part == digits - 1 and byte == b_bits // 8 - 1,
                        }
                    )
    assert blocks_of(dut, cycles) == [contract(tile) for tile in tiles]


@pytest.mark.parametrize("half_up", [True, False])
@pytest.mark.parametrize("width", [24, 40])
@pytest.mark.parametrize("variant", list(Variant))
def test_accumulators(variant, width, half_up):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    dut = StudyAccumulator(variant, width, half_up)
    limit = 1 << (width - 11 + half_up)
    terms = [
        (rng.randint(-limit + 1, limit - 1), PAIR_EXPONENT_BIAS + rng.randint(-9, 9) * rng.choice([1, 5]))
        for _ in range(100)
    ]
    maximum = max(exponent for _, exponent in terms)
    known = variant is Variant.KNOWN_MAXIMUM
    total, exponent = 0, maximum if known else 0
    for product, pair in terms:
        larger = max(exponent, pair)
        total >>= larger - exponent
        moved = product >> (larger - pair)
        total += (moved + 1) >> 1 if half_up else moved
        exponent = larger
    cycles = []
    for index in range(len(terms) + 4):
        values = {"enable": index < len(terms), "start": index == 0, "maximum": maximum}
        if index < len(terms):
            values["pair_exponent"] = terms[index][1]
        if 0 < index <= len(terms):
            values["products"] = [terms[index - 1][0]] * 16
        cycles.append(values)
    (*_, last) = simulate(dut, cycles, lambda ctx: [ctx.get(dut.sums)[lane] for lane in range(16)])
    assert last == [total] * 16
