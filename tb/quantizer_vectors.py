"""Blocks for the quantizer and what the contract makes of them, in exact arithmetic.

The reference follows the text (`pinta_hw.spec.formats`, `pinta_hw.spec.accumulator`) with fractions
and shares no code with the golden model, which a test compares with it.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from pinta_hw.spec.accumulator import (
    ACCUMULATOR_BITS,
    ACCUMULATOR_FRACTION_BITS,
    PAIR_EXPONENT_BIAS,
    PAIR_EXPONENT_BITS,
)
from pinta_hw.spec.formats import (
    BLOCK_ELEMENTS,
    DIGIT_BITS,
    EXPONENT_BIAS,
    NAN_EXPONENT,
    PLANE_BITS,
    SMX_BITS,
    SmxFormat,
)

LARGEST = (1 << (ACCUMULATOR_BITS - 1)) - 1
SMALLEST = -LARGEST - 1
MAX_PAIR_EXPONENT = 2 * (NAN_EXPONENT - 1)
UNIT_PAIR_EXPONENT = PAIR_EXPONENT_BIAS + ACCUMULATOR_FRACTION_BITS
"""Pair exponent at which an accumulator mantissa is worth its integer."""


@dataclass(frozen=True)
class Vector:
    """One accumulator block and the format it is quantized to."""

    mantissas: tuple[int, ...]
    exponent: int
    bits: int
    nan: bool = False

    def pack(self) -> int:
        """The bits of the gateware's `AccumulatorBlock`."""
        mask = (1 << ACCUMULATOR_BITS) - 1
        packed = sum((mantissa & mask) << (ACCUMULATOR_BITS * n) for n, mantissa in enumerate(self.mantissas))
        above = BLOCK_ELEMENTS * ACCUMULATOR_BITS
        return packed | self.exponent << above | int(self.nan) << (above + PAIR_EXPONENT_BITS)

    @property
    def width(self) -> int:
        """The bits of the gateware's `Width`."""
        return SMX_BITS.index(self.bits)


@dataclass(frozen=True)
class Result:
    """One SMX block."""

    mantissas: tuple[int, ...]
    exponent: int

    def pack(self, bits: int) -> int:
        """The bits of the gateware's `QuantizedBlock`."""
        packed = self.exponent << (PLANE_BITS * len(SMX_BITS))
        for plane in range(SmxFormat(bits).planes):
            for n, mantissa in enumerate(self.mantissas):
                packed |= (mantissa >> (DIGIT_BITS * plane) & 15) << (PLANE_BITS * plane + DIGIT_BITS * n)
        return packed


def unpack(packed: int, bits: int) -> Result:
    """The inverse of `Result.pack`; what a narrow format must leave empty is not looked at."""
    mantissas = []
    for n in range(BLOCK_ELEMENTS):
        digits = [packed >> (PLANE_BITS * plane + DIGIT_BITS * n) & 15 for plane in range(SmxFormat(bits).planes)]
        mantissa = sum(digit << (DIGIT_BITS * plane) for plane, digit in enumerate(digits))
        mantissas.append(mantissa - (mantissa >> (bits - 1) << bits))
    return Result(tuple(mantissas), packed >> (PLANE_BITS * len(SMX_BITS)))


def floor_log2(value: Fraction) -> int:
    """``floor(log2(value))`` of a positive fraction, exactly."""
    estimate = value.numerator.bit_length() - value.denominator.bit_length()
    return estimate if Fraction(2) ** estimate <= value else estimate - 1


def quantized(vector: Vector) -> Result:
    """The contract."""
    nan = Result((0,) * BLOCK_ELEMENTS, NAN_EXPONENT)
    if vector.nan:
        return nan
    values = [mantissa * Fraction(2) ** (vector.exponent - UNIT_PAIR_EXPONENT) for mantissa in vector.mantissas]
    largest = max(abs(value) for value in values)
    if largest == 0:
        return Result((0,) * BLOCK_ELEMENTS, 0)
    shared = max(floor_log2(largest), -EXPONENT_BIAS)
    if shared > NAN_EXPONENT - 1 - EXPONENT_BIAS:
        return nan
    form = SmxFormat(vector.bits)
    unit = Fraction(2) ** (shared - form.fraction_bits)
    # Python rounds fractions half to even.
    rounded = [max(-form.max_mantissa, min(form.max_mantissa, round(value / unit))) for value in values]
    return Result(tuple(rounded), shared + EXPONENT_BIAS if any(rounded) else 0)


def mismatch(vector: Vector, packed: int) -> str | None:
    """What is wrong with the gateware's answer, or None."""
    expected = quantized(vector)
    if packed == expected.pack(vector.bits):
        return None
    found = unpack(packed, vector.bits)
    lines = [f"SMX-{vector.bits} of a block at pair exponent {vector.exponent}, nan {vector.nan}:"]
    if found.exponent != expected.exponent:
        lines.append(f"exponent {found.exponent}, expected {expected.exponent}")
    for lane, (left, right) in enumerate(zip(found.mantissas, expected.mantissas, strict=True)):
        if left != right:
            lines.append(f"lane {lane}: {left}, expected {right} (from {vector.mantissas[lane]})")
    if found == expected:
        lines.append(f"planes that the format lacks are not empty: {packed:#x}")
    return "\n".join(lines)


def single(value: int, lane: int, exponent: int, bits: int) -> Vector:
    """A block with one element that is not zero."""
    return Vector(tuple(value if n == lane else 0 for n in range(BLOCK_ELEMENTS)), exponent, bits)


def clamp(value: int) -> int:
    """The nearest accumulator mantissa."""
    return max(SMALLEST, min(LARGEST, value))


def powers_of_two() -> Iterator[Vector]:
    """The largest element next to every power of two, both signs: the leading one and saturation."""
    for bits in SMX_BITS:
        for position in range(ACCUMULATOR_BITS):
            for magnitude in {(1 << position) + offset for offset in (-1, 0, 1)}:
                for value in (magnitude, -magnitude):
                    if SMALLEST <= value <= LARGEST:
                        yield single(value, position % BLOCK_ELEMENTS, UNIT_PAIR_EXPONENT, bits)


def negated_powers_beside_others() -> Iterator[Vector]:
    """-2^k is the largest of the block, but all other elements suggest a smaller exponent."""
    for bits in SMX_BITS:
        for position in range(1, ACCUMULATOR_BITS):
            power = 1 << position
            others = [power - 1, 1 - power, power // 2, -power // 2, 1, -1, power // 3, -power // 3]
            block = [-power, *others, *others][:BLOCK_ELEMENTS]
            lane = position % BLOCK_ELEMENTS
            yield Vector(tuple(block[lane:] + block[:lane]), UNIT_PAIR_EXPONENT, bits)


def boundaries(bits: int) -> Iterator[Vector]:
    """Elements at and beside the boundaries between mantissas, a power of two or its negative deciding the exponent.

    All boundaries in SMX-4; in the wider formats those around zero, around each power of two, and at the top.
    """
    form = SmxFormat(bits)
    interesting = {0, 1, 2, 3, form.max_mantissa - 1, form.max_mantissa}
    interesting |= {(1 << n) + offset for n in range(bits - 1) for offset in (-2, -1, 0)}
    if bits == min(SMX_BITS):
        interesting = set(range(form.max_mantissa + 1))
    for position in (0, 1, 5, bits - 3, bits - 2, bits - 1, bits + 3, 28, 30):
        unit = Fraction(2) ** (position - form.fraction_bits)
        magnitudes = {
            int((mantissa + Fraction(1, 2)) * unit + offset)
            for mantissa in interesting
            for offset in (-1, 0, 1, unit / 4, -unit / 4)
        }
        # Beside the negative, all others are smaller: it alone decides.
        for decisive, top in ((1 << position, (2 << position) - 1), (-1 << position, (1 << position) - 1)):
            values = sorted(sign * value for value in magnitudes if 0 <= value <= top for sign in (-1, 1))
            for start in range(0, len(values), BLOCK_ELEMENTS - 1):
                part = values[start : start + BLOCK_ELEMENTS - 1]
                block = [decisive, *part, *[0] * (BLOCK_ELEMENTS - 1 - len(part))]
                lane = start % BLOCK_ELEMENTS
                yield Vector(tuple(block[lane:] + block[:lane]), UNIT_PAIR_EXPONENT, bits)


def exponent_limits() -> Iterator[Vector]:
    """Both ends of the exponent range, and far outside: the clamp, rounding to zero, overflow to NaN."""
    rebias = UNIT_PAIR_EXPONENT - EXPONENT_BIAS
    for bits in SMX_BITS:
        for value in (1, -1, 2, -2, 3, -3, 5, -(1 << 17), (1 << 18) - 1, LARGEST, SMALLEST, 1 << 30, -(1 << 30)):
            position = abs(value).bit_length() - 1
            lowest, highest = rebias - position, rebias + NAN_EXPONENT - 1 - position
            below = [lowest - bits + offset for offset in range(-3, 4)]
            near = [lowest + offset for offset in (-3, -2, -1, 0, 1)] + [highest + offset for offset in (-1, 0, 1, 2)]
            for exponent in {0, MAX_PAIR_EXPONENT, *below, *near}:
                if 0 <= exponent <= MAX_PAIR_EXPONENT:
                    yield single(value, abs(value) % BLOCK_ELEMENTS, exponent, bits)


def special() -> Iterator[Vector]:
    """Zeros at any exponent, NaN around any content, equal elements."""
    for bits in SMX_BITS:
        for exponent in (0, 1, UNIT_PAIR_EXPONENT, MAX_PAIR_EXPONENT):
            for value in (0, LARGEST, SMALLEST, -1, -2):
                vector = Vector((value,) * BLOCK_ELEMENTS, exponent, bits)
                yield vector
                yield replace(vector, nan=True)


def directed() -> list[Vector]:
    """All of the above."""
    vectors = [*powers_of_two(), *negated_powers_beside_others(), *exponent_limits(), *special()]
    for bits in SMX_BITS:
        vectors += boundaries(bits)
    return vectors


def random_vector(rng: random.Random) -> Vector:
    """Elements spread over a few octaves or many, some of them ties, at an exponent near a limit or not."""
    bits = rng.choice(SMX_BITS)
    top = rng.randrange(ACCUMULATOR_BITS)
    spread = rng.choice((0, 3, top))
    block = []
    for _ in range(BLOCK_ELEMENTS):
        position = rng.randint(max(0, top - spread), top)
        magnitude = (1 << position) + rng.getrandbits(position) if position else 1
        if rng.random() < 0.3:  # few bits: ties and exact results
            dropped = max(0, top - bits + rng.randint(0, 2))
            magnitude = magnitude >> dropped << dropped
        block.append(clamp(rng.choice((-1, 1)) * magnitude) * (rng.random() > 0.05))
    low = UNIT_PAIR_EXPONENT - EXPONENT_BIAS - top
    exponent = rng.choice(
        (rng.randint(0, MAX_PAIR_EXPONENT), low + rng.randint(-bits - 2, 2), low + 254 + rng.randint(-2, 2))
    )
    return Vector(tuple(block), max(0, min(MAX_PAIR_EXPONENT, exponent)), bits, rng.random() < 0.03)
