"""The activation functions and their derivatives, up to the fourth, as tables of integers.

A table cuts its range into segments and gives a quadratic for each, through the function's values at both
ends and in the middle. With the magnitude of the address as `ADDRESS_BITS` fraction bits of a segment number:
``tau`` the low `OFFSET_BITS` bits, ``(c0, c1, c2)`` the segment's coefficients in units of
``2**-TABLE_FRACTION_BITS``, and ``>>`` a floor::

    inner = c1 + ((c2 * tau + half) >> OFFSET_BITS)
    value = c0 + ((inner * tau + half) >> OFFSET_BITS)      half = 1 << (OFFSET_BITS - 1)

An address at or beyond the last segment reads `Table.beyond`.

Address of tanh and gelu
    ``|y|`` in units of ``1 / 32 / 2**OFFSET_BITS``, rounded half up; 256 segments reach 8. For a negative y the
    value is negated where `Table.odd` says so. gelu is ``max(y, 0)`` plus its table, added exactly, and its first
    derivative is 1 (for y >= 0, else 0) plus its table: that leaves functions of ``|y|`` that vanish at infinity.
Address of sin
    The phase in turns: ``m * TURNS[E] mod 2**PHASE_BITS``, m the mantissa of y and E its stored exponent in SMX-16
    (narrower mantissas are shifted up to 16 bits first), so the reduction is as good at 2**127 as at 1. It is
    rounded half up to 23 bits; a derivative adds a quarter turn for each order. The two high bits are the quadrant:
    bit 0 mirrors the other 21 bits (``2**21 - phase``), bit 1 negates the value. 64 segments cover the quarter.

All entries come from decimal arithmetic with `_DIGITS` digits, whose results do not depend on the platform.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import cache

from .formats import EXPONENT_BIAS, NAN_EXPONENT, SmxFormat

TABLE_FRACTION_BITS = 22
OFFSET_BITS = 15
SEGMENTS_PER_UNIT = 32
RANGE = 8
QUARTER_SEGMENTS = 64
PHASE_BITS = 40
MAX_ORDER = 4
_DIGITS = 60

Coefficients = tuple[int, int, int]


@dataclass(frozen=True)
class Table:
    """One function of a non-negative address; see the module for how it is read."""

    segments: tuple[Coefficients, ...]
    beyond: int
    odd: bool
    error_bound: float
    """Largest absolute error of what is read, address rounding included, before the result is quantized."""


TANH_BOUNDS = (2**-19.5, 2**-19.5, 2**-17.5, 2**-16, 2**-13.5)
GELU_BOUNDS = (2**-20, 2**-20, 2**-19.5, 2**-18, 2**-17.5)
SIN_BOUND = 2**-20


def _tanh(order: int, x: Decimal) -> Decimal:
    e = (-2 * x).exp()
    t = (1 - e) / (1 + e)
    u = 1 - t * t
    # d/dx f(t) = f'(t) (1 - t^2)
    return (t, u, -2 * t * u, (6 * t * t - 2) * u, (16 * t - 24 * t**3) * u)[order]


def _gelu_remainder(order: int, x: Decimal) -> Decimal:
    """X Phi(x) less max(x, 0), and derivatives, for x >= 0; Phi and phi are of the normal distribution."""
    density = (-x * x / 2).exp() / (2 * _pi()).sqrt()
    # Phi(x) - 1/2 = phi(x) (x + x^3/3 + x^5/(3 5) + ...): all terms positive, no cancellation.
    term, total, n = x, x, 1
    while term > Decimal(10) ** -_DIGITS:
        n += 2
        term = term * x * x / n
        total += term
    upper = Decimal("0.5") - density * total
    polynomials = (-x * upper, -upper + x * density, 2 - x**2, x**3 - 4 * x, -(x**4) + 7 * x**2 - 4)
    return polynomials[order] if order < 2 else polynomials[order] * density


def _sin_turns(_: int, turns: Decimal) -> Decimal:
    x = 2 * _pi() * turns
    term, total, n = x, x, 1
    while abs(term) > Decimal(10) ** -_DIGITS:
        n += 2
        term = -term * x * x / ((n - 1) * n)
        total += term
    return total


@cache
def _pi() -> Decimal:
    """Pi by Machin's formula, 16 atan(1/5) - 4 atan(1/239), to `_DIGITS` digits."""

    def atan_inverse(k: int) -> Decimal:
        term, total, n = Decimal(1) / k, Decimal(1) / k, 1
        while abs(term) > Decimal(10) ** -(_DIGITS + 2):
            n += 2
            term = -term / (k * k)
            total += term / n
        return total

    return 16 * atan_inverse(5) - 4 * atan_inverse(239)


def _segments(
    function: Callable[[int, Decimal], Decimal], order: int, count: int, per_unit: int
) -> tuple[Coefficients, ...]:
    knots = [function(order, Decimal(k) / (2 * per_unit)) for k in range(2 * count + 1)]
    triples = zip(knots[0:-1:2], knots[1::2], knots[2::2], strict=True)
    return tuple(
        (_unit(left), _unit(4 * middle - 3 * left - right), _unit(2 * left - 4 * middle + 2 * right))
        for left, middle, right in triples
    )


def _unit(value: Decimal) -> int:
    return int((value * 2**TABLE_FRACTION_BITS).to_integral_value(ROUND_HALF_EVEN))


@cache
def table(function: str, order: int) -> Table:
    """The table of a derivative of tanh, sin or gelu; sin has one for all orders."""
    with localcontext() as context:
        context.prec = _DIGITS + 10
        if function == "sin":
            segments = _segments(_sin_turns, 0, QUARTER_SEGMENTS, 4 * QUARTER_SEGMENTS)
            return Table(segments, 1 << TABLE_FRACTION_BITS, False, SIN_BOUND)
        if function == "tanh":
            one = 1 << TABLE_FRACTION_BITS if order == 0 else 0
            segments = _segments(_tanh, order, RANGE * SEGMENTS_PER_UNIT, SEGMENTS_PER_UNIT)
            return Table(segments, one, order % 2 == 0, TANH_BOUNDS[order])
        segments = _segments(_gelu_remainder, order, RANGE * SEGMENTS_PER_UNIT, SEGMENTS_PER_UNIT)
        return Table(segments, 0, order % 2 == 1, GELU_BOUNDS[order])


@cache
def turns() -> tuple[int, ...]:
    """TURNS[E]: what a unit of an SMX-16 mantissa with stored exponent E is in turns, modulo 1, in 2**-PHASE_BITS."""
    fraction_bits = SmxFormat(16).fraction_bits
    with localcontext() as context:
        context.prec = _DIGITS + 10
        result = []
        for exponent in range(NAN_EXPONENT):
            unit = Decimal(2) ** (exponent - EXPONENT_BIAS - fraction_bits) / (2 * _pi())
            result.append(int(((unit % 1) * 2**PHASE_BITS).to_integral_value(ROUND_HALF_EVEN)) % 2**PHASE_BITS)
        return tuple(result)
