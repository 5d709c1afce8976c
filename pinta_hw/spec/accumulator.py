"""The contract of one contraction: ``C = A B`` in SMX, block by block.

For an output block, k-blocks are taken in ascending order. k-block ``k`` gives sixteen exact
integers ``P = mA mB`` (4-term dot products) with ``(a_bits - 2) + (b_bits - 2)`` fraction bits at the
*pair exponent* ``e = EA + EB`` (the sum of the stored exponents, 0 to 508). The accumulator is sixteen
two's-complement integers of `ACCUMULATOR_BITS` bits with `ACCUMULATOR_FRACTION_BITS` fraction bits,
sharing one pair exponent; it starts as zeros at exponent 0. For each k-block:

1. A NaN operand block makes the result NaN.
2. If either operand block is all zeros (its mantissas are), nothing else happens.
3. ``e_new = max(e_acc, e)``; the accumulator becomes ``floor(acc / 2**(e_new - e_acc))``.
4. The product is aligned once, rounding half up:
   ``acc += floor(P * 2**(F - fraction(P) - (e_new - e)) + 1/2)`` with F the accumulator's fraction bits.

An element of the result is worth ``acc * 2**(e_acc - 254 - F)``. It cannot overflow: an aligned
product is below ``2**(4 + F)``, and one contraction has at most `MAX_CONTRACTION` terms.
Why a running maximum, these widths and these roundings: docs/decisions/accumulator.md.
"""

from .formats import BLOCK_SIDE, EXPONENT_BIAS

MAX_CONTRACTION = 4096
"""Longest contraction in elements; a longer one is split by the program."""
PRODUCT_INTEGER_BITS = 5
"""Sign and integer bits of a 4-term dot product: ``4 * (2 - ulp)**2 < 16``."""
GROWTH_BITS = (MAX_CONTRACTION // BLOCK_SIDE - 1).bit_length()
ACCUMULATOR_BITS = 32
ACCUMULATOR_FRACTION_BITS = ACCUMULATOR_BITS - PRODUCT_INTEGER_BITS - GROWTH_BITS
PAIR_EXPONENT_BITS = 9
PAIR_EXPONENT_BIAS = 2 * EXPONENT_BIAS
