"""The elementwise operations on SMX blocks and the one point where each of them rounds.

Operands are SMX blocks of any width (what elementwise work produces is SMX-16 where nothing else is stated), the
result is SMX of any width. Every operation works lane by lane on blocks of equal position, and lanes
outside the logical shape are forced to zero after it. A NaN operand block makes the result block NaN.

An operation with `exact` computes its result exactly and quantizes it once, as `formats` states: the exponent from
the largest magnitude, mantissas half to even. A sum of two terms of different exponents needs no unbounded adder: with
the larger unit's term shifted left by `SUM_GUARD_BITS`, and the smaller one's right to it with the bits that fall out
ORed into the last, the quantized result is the exact one. (Two mantissas multiply to less than 2**30. Terms
more than 31 bits apart therefore never cancel, and a result keeps at most 16 bits of over 30.)
"""

from dataclasses import dataclass

SUM_GUARD_BITS = 31
"""Bits kept below the last bit of the term with the larger unit."""


@dataclass(frozen=True)
class Operation:
    """One elementwise operation."""

    name: str
    formula: str
    exact: bool
    """Rounds at the result only; otherwise `rounding` states what happens before."""
    rounding: str


_ONCE = "half to even, at the result"

OPERATIONS = (
    Operation("multiply", "2**k a b, k = 0 or 1", True, _ONCE),
    Operation("add", "a + b", True, _ONCE),
    Operation("multiply_add", "a b + c", True, _ONCE),
    Operation("dot2", "a b + c d", True, _ONCE),
    Operation("add_row", "a + row, the row (a bias) added to each logical row", True, _ONCE),
    Operation(
        "sum_parts",
        "sum of a_i b_i over the parts i of a stack (directions), ascending",
        False,
        "as a contraction (pinta_hw.spec.accumulator) whose P is the product of two lanes, with the fraction bits of "
        "both; then half to even, at the result",
    ),
    Operation(
        "table",
        "phi(a) or a derivative of it",
        False,
        "as pinta_hw.spec.tables states it; then half to even, at the result",
    ),
)
