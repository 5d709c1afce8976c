"""The block unit against the contraction's definition in big integers."""

import random
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import floor

import pytest
from amaranth.sim import Simulator

from pinta_hw.array.block_unit import BlockUnit
from pinta_hw.array.control import Shift
from pinta_hw.spec.accumulator import ACCUMULATOR_BITS, ACCUMULATOR_FRACTION_BITS, MAX_CONTRACTION
from pinta_hw.spec.digits import b_planes, steps
from pinta_hw.spec.formats import BLOCK_SIDE, DIGIT_BITS, NAN_EXPONENT, SMX_BITS, SmxFormat

SIDE = range(BLOCK_SIDE)


@dataclass(frozen=True)
class Operand:
    """A block: sixteen mantissas, row-major, and the stored exponent."""

    mantissas: tuple[int, ...]
    exponent: int

    def digit(self, element: int, plane: int | None) -> int:
        return 0 if plane is None else self.mantissas[element] >> (DIGIT_BITS * plane) & 15

    def digit_plane(self, plane: int) -> int:
        return sum(self.digit(i, plane) << (4 * i) for i in range(16))

    def byte_plane(self, bits: int, byte: int) -> int:
        high, low = b_planes(bits, byte)
        return sum((self.digit(i, high) << 4 | self.digit(i, low)) << (8 * i) for i in range(16))


@dataclass(frozen=True)
class Tile:
    """One contraction: its precisions and its k-blocks."""

    a_bits: int
    b_bits: int
    k_blocks: tuple[tuple[Operand, Operand], ...]


def contract(tile: Tile) -> tuple[tuple[int, ...], int] | None:
    """Mantissas and pair exponent by the contract, or None for NaN."""
    fraction = SmxFormat(tile.a_bits).fraction_bits + SmxFormat(tile.b_bits).fraction_bits
    sums, exponent = [0] * 16, 0
    if any(NAN_EXPONENT in (a.exponent, b.exponent) for a, b in tile.k_blocks):
        return None
    for a, b in tile.k_blocks:
        if not any(a.mantissas) or not any(b.mantissas):
            continue
        pair = a.exponent + b.exponent
        larger = max(exponent, pair)
        scale = Fraction(2) ** (ACCUMULATOR_FRACTION_BITS - fraction - (larger - pair))
        for r, c in product(SIDE, SIDE):
            dot = sum(a.mantissas[4 * r + k] * b.mantissas[4 * k + c] for k in SIDE)
            moved = sums[4 * r + c] >> (larger - exponent)
            sums[4 * r + c] = moved + floor(dot * scale + Fraction(1, 2))
        exponent = larger
    return tuple(sums), exponent


def port_values(tile: Tile):
    """Values at the unit's ports, step by step."""
    for index, (a, b) in enumerate(tile.k_blocks):
        for step in steps(tile.a_bits, tile.b_bits):
            yield {
                "a": a.digit_plane(step.a_plane),
                "b": b.byte_plane(tile.b_bits, step.b_byte),
                "control": {
                    "valid": 1,
                    "first": step.first,
                    "last": step.last,
                    "shift": Shift.of_bits(step.shift),
                    "a_signed": step.a_signed,
                    "b_signed": step.b_signed,
                    "tile_first": index == 0,
                    "tile_last": index == len(tile.k_blocks) - 1,
                },
                "pair_exponent": a.exponent + b.exponent if step.last else 511,
                "zero": step.last and (not any(a.mantissas) or not any(b.mantissas)),
                "nan": step.last and NAN_EXPONENT in (a.exponent, b.exponent),
            }


def run(tiles, rng=None):
    """Results of the gateware, one a tile. With ``rng`` steps have gaps and the unit freezes at random."""
    dut = BlockUnit()
    results = []

    async def drive(ctx):
        def set_ports(values):
            for name, value in values.items():
                ctx.set(getattr(dut, name), value)

        async def cycle():
            ctx.set(dut.advance, rng is None or rng.random() < 0.7)
            while not ctx.get(dut.advance):
                # A frozen cycle: `complete` stays; the capture may happen now or when the unit moves again.
                ctx.set(dut.capture, ctx.get(dut.complete) and rng.random() < 0.5)
                await ctx.tick()
                ctx.set(dut.advance, rng.random() < 0.7)
            complete = ctx.get(dut.complete)
            ctx.set(dut.capture, complete)
            await ctx.tick()
            if complete:
                block = ctx.get(dut.result)
                mantissas = tuple(block.mantissas[i] for i in range(16))
                results.append(None if block.nan else (mantissas, block.exponent))

        for tile in tiles:
            for values in port_values(tile):
                while rng is not None and rng.random() < 0.2:
                    set_ports({"control": {"valid": 0}})
                    await cycle()
                set_ports(values)
                await cycle()
        set_ports({"control": {"valid": 0}})
        for _ in range(BlockUnit.latency):
            await cycle()

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(drive)
    simulator.run()
    return results


def check(tiles, rng=None):
    results = run(tiles, rng)
    assert len(results) == len(tiles)
    for number, (tile, result) in enumerate(zip(tiles, results, strict=True)):
        expected = contract(tile)
        where = f"tile {number} ({tile.a_bits} x {tile.b_bits}, {len(tile.k_blocks)} k-blocks)"
        if expected is None or result is None:
            assert result == expected, where
            continue
        assert result[1] == expected[1], f"{where}: exponent {result[1]}, expected {expected[1]}"
        for lane in range(16):
            assert result[0][lane] == expected[0][lane], (
                f"{where}, lane {lane}: {result[0][lane]:#x}, expected {expected[0][lane]:#x}"
            )


def random_operand(rng, bits, center):
    limit = SmxFormat(bits).max_mantissa
    kind = rng.random()
    if kind < 0.1:
        return Operand((0,) * 16, rng.choice([0, rng.randrange(255)]))
    if kind < 0.2:
        mantissas = tuple(rng.choice([-limit, limit]) for _ in range(16))
    else:
        mantissas = tuple(rng.randint(-limit, limit) for _ in range(16))
    if kind > 0.98:
        return Operand(mantissas, NAN_EXPONENT)
    spread = rng.choice([0, 2, 12, 40, 254])
    return Operand(mantissas, min(254, max(0, center + rng.randint(-spread, spread))))


def random_tile(rng, a_bits, b_bits):
    length = rng.choice([1, 1, 1, 2, 3, 8])
    center = rng.randrange(255)
    return Tile(
        a_bits,
        b_bits,
        tuple((random_operand(rng, a_bits, center), random_operand(rng, b_bits, center)) for _ in range(length)),
    )


PRECISIONS = list(product(SMX_BITS, SMX_BITS))


@pytest.mark.parametrize("stalled", [False, True], ids=["free-running", "stalled"])
def test_random_tiles_of_mixed_precision(stalled):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    precisions = PRECISIONS * 6
    rng.shuffle(precisions)
    check([random_tile(rng, a_bits, b_bits) for a_bits, b_bits in precisions], rng if stalled else None)


def extreme(bits, sign):
    return Operand((sign * SmxFormat(bits).max_mantissa,) * 16, 127)


@pytest.mark.parametrize(("bits", "sign"), [(4, 1), (8, -1), (16, -1)])
def test_longest_contraction_of_extremes_does_not_overflow(bits, sign):
    k_blocks = MAX_CONTRACTION // BLOCK_SIDE
    tile = Tile(bits, bits, ((extreme(bits, 1), extreme(bits, sign)),) * k_blocks)
    expected = contract(tile)
    assert abs(expected[0][0]) < 1 << (ACCUMULATOR_BITS - 1)
    check([tile])


def test_extremes_of_every_precision():
    check(
        [
            Tile(a, b, ((extreme(a, s), extreme(b, t)),) * 2)
            for a, b in PRECISIONS
            for s, t in [(1, 1), (1, -1), (-1, -1)]
        ]
    )


def test_every_distance_of_exponents():
    """Both directions across the widths of product and accumulator, and the largest possible distances."""
    one = tuple(range(-8, 8))
    tiles = []
    for distance in [*range(36), 64, 127, 254]:
        low, high = Operand(one, 0), Operand(one, distance)
        other = Operand(tuple(reversed(one)), 0)
        tiles += [Tile(8, 8, ((low, other), (high, other))), Tile(8, 8, ((high, other), (low, other)))]
    tiles += [Tile(8, 8, ((Operand(one, 254), Operand(one, 254)), (Operand(one, 0), Operand(one, 0))))]
    check(tiles)


def test_zero_blocks_move_nothing():
    zero, one = Operand((0,) * 16, 254), Operand((1,) * 16, 3)
    tiles = [
        Tile(8, 8, ((zero, one),)),
        Tile(8, 8, ((zero, one), (one, zero))),
        Tile(8, 8, ((one, one), (zero, one), (one, zero), (one, one))),
        Tile(8, 8, ((zero, zero), (one, one))),
    ]
    check(tiles)
    assert run(tiles)[:2] == [((0,) * 16, 0)] * 2


def test_nan_is_sticky_within_its_contraction_only():
    nan, one, zero = Operand((1,) * 16, NAN_EXPONENT), Operand((1,) * 16, 127), Operand((0,) * 16, 0)
    tiles = [Tile(8, 8, ((nan, zero), (one, one))), Tile(8, 8, ((one, one),)), Tile(8, 8, ((one, one), (one, nan)))]
    assert [result is None for result in run(tiles)] == [True, False, True]
    check(tiles)
