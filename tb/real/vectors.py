"""Operands for the FP32 units: directed pairs, and random ones where roundings and boundaries are frequent."""

import numpy as np

from pinta_hw.spec.real import RealOperation

from .reference import SIGN, Bits

SPECIAL = (0x00000000, 0x7F800000, 0x7FC00000, 0x7F800001, 0x7FFFFFFF)
"""Zero, infinity, NaN: quiet, signalling, with a payload."""
SUBNORMAL = (0x00000001, 0x00000002, 0x00400000, 0x007FFFFE, 0x007FFFFF)
SMALL = (0x00800000, 0x00800001, 0x00800002, 0x00FFFFFE, 0x00FFFFFF, 0x01000000, 0x01000001, 0x01800000)
LARGE = (0x7F7FFFFF, 0x7F7FFFFE, 0x7F000000, 0x7F000001, 0x7EFFFFFF, 0x7E800000)
MIDDLE = (
    *(0x3F800000, 0x3F800001, 0x3F800002, 0x3F800003, 0x3F7FFFFF, 0x3F7FFFFE, 0x3FFFFFFF, 0x3FC00000, 0x3F000000),
    *(0x40000000, 0x40400000, 0x40490FDB, 0x3EAAAAAB, 0x3FB504F3, 0x3FB504F4),
    # Ties and near ties against 1: half a place, a quarter of a place, and their neighbours.
    *(0x33800000, 0x33800001, 0x337FFFFF, 0x33000000, 0x33000001, 0x32FFFFFF, 0x33C00000, 0x34000000, 0x32800000),
    *(0x4B000000, 0x4B000001, 0x4B7FFFFF, 0x4B800000, 0x4B800001, 0x4C000000),
    # Products and quotients at both ends of the exponents.
    *(0x1FFFFFFF, 0x20000000, 0x20000001, 0x1F800000, 0x5F7FFFFF, 0x5F800000, 0x5F800001, 0x60000000),
)


def directed() -> tuple[Bits, Bits]:
    """All pairs of the numbers above, of both signs."""
    magnitudes = np.array([*SPECIAL, *SUBNORMAL, *SMALL, *LARGE, *MIDDLE], dtype=np.uint32)
    numbers = np.concatenate([magnitudes, magnitudes | np.uint32(SIGN)])
    a, b = np.meshgrid(numbers, numbers, indexing="ij")
    return a.ravel(), b.ravel()


def random_pairs(operation: RealOperation, count: int, rng: np.random.Generator) -> tuple[Bits, Bits]:
    """Shuffled mixture of four kinds in equal numbers: any bits, exponents close to each other, results at the
    boundaries of the exponents, and significands of few or many ones, where ties and carries are frequent."""
    quarters = [(count + n) // 4 for n in range(4)]
    pairs = [
        (_any(quarters[0], rng), _any(quarters[0], rng)),
        _close(quarters[1], rng),
        _boundary(operation, quarters[2], rng),
        _patterned(operation, quarters[3], rng),
    ]
    order = rng.permutation(count)
    a, b = (np.concatenate(side)[order] for side in zip(*pairs, strict=True))
    return a, b


def _any(count: int, rng: np.random.Generator) -> Bits:
    return rng.integers(0, 1 << 32, count, dtype=np.uint32)


def _number(sign: Bits, exponent: np.ndarray, fraction: Bits) -> Bits:
    return sign << np.uint32(31) | np.clip(exponent, 0, 255).astype(np.uint32) << np.uint32(23) | fraction


def _signs(count: int, rng: np.random.Generator) -> Bits:
    return rng.integers(0, 2, count, dtype=np.uint32)


def _fractions(count: int, rng: np.random.Generator) -> Bits:
    return rng.integers(0, 1 << 23, count, dtype=np.uint32)


def _close(count: int, rng: np.random.Generator) -> tuple[Bits, Bits]:
    """Exponents at most two apart in half of the pairs, at most 30 in the rest; fractions with equal high bits."""
    exponent = rng.integers(1, 255, count)
    reach = rng.choice([1, 2, 30], count, p=[0.25, 0.25, 0.5])
    other = exponent + rng.integers(-reach, reach + 1)
    fraction = _fractions(count, rng)
    difference = rng.integers(0, 1 << 23, count, dtype=np.uint32) >> rng.integers(0, 24, count, dtype=np.uint32)
    a = _number(_signs(count, rng), exponent, fraction)
    b = _number(_signs(count, rng), other, fraction ^ difference)
    return a, b


def _boundary(operation: RealOperation, count: int, rng: np.random.Generator) -> tuple[Bits, Bits]:
    """Exponents whose result lies within three of the smallest or the largest normal one."""
    exponent = rng.integers(0, 255, count)
    edge = rng.choice([0, 255], count) + rng.integers(-3, 4, count)
    if operation is RealOperation.MULTIPLY:
        other = edge + 127 - exponent
    elif operation is RealOperation.DIVIDE:
        other = exponent + 127 - edge
    else:
        exponent = np.clip(edge, 0, 255)
        other = np.clip(edge + rng.integers(-26, 27, count), 0, 255)
    a = _number(_signs(count, rng), exponent, _few_bits(count, rng))
    b = _number(_signs(count, rng), other, _few_bits(count, rng))
    return a, b


def _patterned(operation: RealOperation, count: int, rng: np.random.Generator) -> tuple[Bits, Bits]:
    exponent = rng.integers(64, 190, count)
    near = exponent + rng.integers(-27, 28, count)
    a = _number(_signs(count, rng), exponent, _few_bits(count, rng))
    b = _number(_signs(count, rng), near, _few_bits(count, rng))
    if operation is RealOperation.SQUARE_ROOT:  # squares of short numbers and their neighbours
        roots = rng.integers(1, 1 << 12, count).astype(np.float32)
        a = (roots * roots).view(np.uint32) + rng.integers(-1, 2, count).astype(np.uint32)
    return a, b


def _few_bits(count: int, rng: np.random.Generator) -> Bits:
    """Fractions of few ones, their complements, runs of ones, and any, in equal numbers."""
    few = np.zeros(count, dtype=np.uint32)
    for _ in range(3):
        few |= np.uint32(1) << rng.integers(0, 24, count, dtype=np.uint32)
    run = np.uint32(0xFFFFFFFF) << rng.integers(0, 24, count, dtype=np.uint32)
    kinds = np.stack([few, ~few, run, _fractions(count, rng)])
    return kinds[rng.integers(0, 4, count), np.arange(count)] & np.uint32(0x7FFFFF)
