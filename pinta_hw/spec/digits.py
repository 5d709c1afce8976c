"""The order in which a block unit multiplies digits: one *step* a cycle.

The A operand is serial: one step takes one digit plane (4 bits) of it. The B operand is parallel: one
step takes one byte plane (8 bits). Byte planes are filled from the most significant digit down, so
the last byte of SMX-4 and SMX-12 has its low nibble empty. Top digits are signed, the others
unsigned. Steps come in ascending order of weight, and the partial sum moves right between them:
the finished product therefore has its binary point at the same place for every pair of precisions, and
only the short top part of the partial sum needs an adder.
"""

from dataclasses import dataclass
from functools import cache

from .formats import SmxFormat


@dataclass(frozen=True)
class Step:
    """One cycle of one k-block."""

    a_plane: int
    """Digit plane of A (0 is the least significant)."""
    b_byte: int
    """Byte plane of B (0 is the least significant)."""
    shift: int
    """Bits by which the partial sum moves right before this step's products are added: 0, 4 or 8."""
    a_signed: bool
    b_signed: bool
    first: bool
    last: bool
    new_b: bool
    """Whether the byte plane differs from the step before (the first step always loads one)."""


@cache
def steps(a_bits: int, b_bits: int) -> tuple[Step, ...]:
    """Steps of one k-block for SMX-``a_bits`` times SMX-``b_bits``.

    At equal weight the byte plane already loaded goes first: that keeps byte loads rare.
    """
    a_format, b_format = SmxFormat(a_bits), SmxFormat(b_bits)
    pending = [(4 * d + 8 * p, d, p) for d in range(a_format.planes) for p in range(b_format.byte_planes)]
    order: list[tuple[int, int, int]] = []
    while pending:
        loaded = order[-1][2] if order else 0
        chosen = min(pending, key=lambda pair: (pair[0], pair[2] != loaded))
        pending.remove(chosen)
        order.append(chosen)
    return tuple(
        Step(
            a_plane=digit,
            b_byte=byte,
            shift=weight - order[i - 1][0] if i else 0,
            a_signed=digit == a_format.planes - 1,
            b_signed=byte == b_format.byte_planes - 1,
            first=i == 0,
            last=i == len(order) - 1,
            new_b=i == 0 or byte != order[i - 1][2],
        )
        for i, (weight, digit, byte) in enumerate(order)
    )


@cache
def segments(a_bits: int, b_bits: int) -> tuple[int, ...]:
    """Steps that each byte load serves, in order; their sum is the steps of a k-block."""
    lengths: list[int] = []
    for step in steps(a_bits, b_bits):
        if step.new_b:
            lengths.append(0)
        lengths[-1] += 1
    return tuple(lengths)


def b_planes(b_bits: int, byte: int) -> tuple[int, int | None]:
    """Digit planes (high nibble, low nibble) of one byte plane; the low one may be empty."""
    planes = SmxFormat(b_bits).planes
    high = planes - 1 - 2 * (SmxFormat(b_bits).byte_planes - 1 - byte)
    return high, high - 1 if high > 0 else None
