"""The window of the exact sum against exact arithmetic: after quantization to any width nothing distinguishes them."""

import random
from dataclasses import dataclass
from fractions import Fraction

from amaranth.sim import Simulator

from pinta_hw.epilogue.exact_sum import SUM_BITS, SUM_EXPONENT_BITS, SUM_REBIAS, ExactSum
from pinta_hw.epilogue.term import TERM_UNIT_EXPONENT
from pinta_hw.spec.formats import BLOCK_ELEMENTS, EXPONENT_BIAS, NAN_EXPONENT, SMX_BITS, SmxFormat
from tb.quantizer_vectors import floor_log2

LARGEST = 32767**2


@dataclass(frozen=True)
class Pair:
    """Two terms: integers and exponent of each."""

    first: tuple[int, ...]
    first_exponent: int
    second: tuple[int, ...]
    second_exponent: int

    def exact(self) -> list[Fraction]:
        units = [Fraction(2) ** (e - TERM_UNIT_EXPONENT) for e in (self.first_exponent, self.second_exponent)]
        return [x * units[0] + y * units[1] for x, y in zip(self.first, self.second, strict=True)]

    def swapped(self) -> "Pair":
        return Pair(self.second, self.second_exponent, self.first, self.first_exponent)


def quantized(values: list[Fraction], bits: int) -> tuple[list[int], int]:
    largest = max(map(abs, values))
    shared = max(-EXPONENT_BIAS, floor_log2(largest)) if largest else -EXPONENT_BIAS
    if shared > NAN_EXPONENT - 1 - EXPONENT_BIAS:
        return [0] * BLOCK_ELEMENTS, NAN_EXPONENT
    form = SmxFormat(bits)
    unit = Fraction(2) ** (shared - form.fraction_bits)
    limit = form.max_mantissa
    return [max(-limit, min(limit, round(value / unit))) for value in values], shared + EXPONENT_BIAS


def block(*integers: int) -> tuple[int, ...]:
    return (*integers, *[0] * (BLOCK_ELEMENTS - len(integers)))


def close() -> list[Pair]:
    """Leading ones zero to three places apart: what the window must hold entirely, and what it need not."""
    pairs = []
    for lead in (0, 1, 15, 28, 29):
        top = 1 << lead
        for distance in range(max(0, 28 - lead), 34 - lead):
            # In its own unit the second has 29 or 30 bits.
            for magnitude in ((1 << 29) - 1, (1 << 29) + 1, (1 << 30) - (1 << 16) + 1, (1 << 29) | 3):
                first = block(top, -top, top | 1, 0, 1, -1)
                second = block(-magnitude, magnitude, -magnitude | 1, 3, -3, 1)
                pairs.append(Pair(first, 280 + distance, second, 280))
    return pairs


def special() -> list[Pair]:
    """Zero blocks, blocks of -1, negated powers, both ends of the exponents, far apart."""
    nothing, minus_one = block(), block(-1, -1)
    power, large = block(-(1 << 29), 0, 5), block(LARGEST, -LARGEST, 3)
    blocks = [nothing, minus_one, power, large]
    ends = ((0, 0), (509, 508), (0, 508), (300, 238), (300, 237), (300, 236), (300, 172), (300, 171))
    return [Pair(x, m, y, n) for x in blocks for y in blocks for m, n in ends]


def random_pair(rng: random.Random) -> Pair:
    exponent = rng.randint(0, 508)
    terms = []
    for _ in range(2):
        top = rng.randrange(30)
        terms.append(
            tuple(max(-LARGEST, min(LARGEST, rng.randint(-2 << top, 2 << top))) for _ in range(BLOCK_ELEMENTS))
        )
    return Pair(terms[0], exponent, terms[1], max(0, min(508, exponent + rng.randint(-70, 70))))


def sums(pairs: list[Pair]) -> list[tuple[list[int], int]]:
    """The gateware as a function."""
    dut, found = ExactSum(), []

    async def drive(ctx):
        for cycle in range(len(pairs) + dut.latency):
            ctx.set(dut.valid, cycle < len(pairs))
            if cycle < len(pairs):
                pair = pairs[cycle]
                ctx.set(
                    dut.terms,
                    {
                        "first": {"integers": pair.first, "exponent": pair.first_exponent},
                        "second": {"integers": pair.second, "exponent": pair.second_exponent},
                    },
                )
            assert ctx.get(dut.sum_valid) == (cycle >= dut.latency)
            if cycle >= dut.latency:
                packed = ctx.get(dut.sum.as_value())
                mantissas = [packed >> (SUM_BITS * lane) & (1 << SUM_BITS) - 1 for lane in range(BLOCK_ELEMENTS)]
                exponent = packed >> (SUM_BITS * BLOCK_ELEMENTS) & (1 << SUM_EXPONENT_BITS) - 1
                found.append(([m - (m >> (SUM_BITS - 1) << SUM_BITS) for m in mantissas], exponent))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(drive)
    simulator.run()
    return found


def test_one_rounding_of_the_window_is_one_rounding_of_the_exact_sum():
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    pairs = close() + special()
    pairs += [pair.swapped() for pair in rng.sample(pairs, 60)]
    pairs += [random_pair(rng) for _ in range(60)]
    found = sums(pairs)
    assert len(found) == len(pairs)
    for number, (pair, (mantissas, exponent)) in enumerate(zip(pairs, found, strict=True)):
        unit = Fraction(2) ** (exponent - SUM_REBIAS - EXPONENT_BIAS)
        window, exact = [mantissa * unit for mantissa in mantissas], pair.exact()
        for bits in SMX_BITS:
            assert quantized(window, bits) == quantized(exact, bits), f"pair {number}, SMX-{bits}: {pair}"
