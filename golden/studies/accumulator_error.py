"""How much error the block-floating accumulator adds, by scheme, width and rounding.

Schemes: `running` (maximum found on the way, the accumulator shifts when a larger exponent arrives) and `known`
(maximum found beforehand from the exponents, every product is aligned once). The roundings are those of the
product's alignment; the accumulator's own shift, which only `running` has, floors, except in
``half-up twice``. Operands are quantized first, so that only the contraction's own error is measured.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.accumulator import GROWTH_BITS, PRODUCT_INTEGER_BITS
from pinta_hw.spec.formats import BLOCK_SIDE

from ..quantize import quantize
from ..smx import SmxMatrix, expand

WIDTHS = (24, 28, 32, 36, 40)
ROUNDINGS = ("floor", "half-up", "half-even", "half-up twice")
SCHEMES = ("running", "known")
LENGTHS = (64, 256, 1024, 4096)
PRECISIONS = ((8, 8), (12, 8), (16, 16))
SIDE = 32
"""Rows and columns of the products that are measured."""
_MAX_SHIFT = 62

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Operands:
    """Float operands of one product, ``a b``, and what they are like."""

    data: str
    a: Floats
    b: Floats


@dataclass(frozen=True)
class Row:
    """One measurement over all elements of a product."""

    data: str
    length: int
    a_bits: int
    b_bits: int
    scheme: str
    width: int
    rounding: str
    rms_steps: float
    """Root mean square error, in quantization steps of the SMX-16 result."""
    max_steps: float
    """Largest error, in the same unit."""
    rms_to_input_error: float
    """Root mean square error over that which quantizing the operands to SMX-8 causes."""


def synthetic(rng: np.random.Generator, data: str, length: int) -> Operands:
    """Operands of a product of inner length ``length``.

    ``gaussian``: standard normal. ``log-normal``: times a factor for each block, log-normal with a standard
    deviation of four octaves. ``ascending``: times a factor common to
    each k-block, from 2**-12 up to 1 over the contraction, so that the running maximum moves as often as it can.
    """
    a, b = rng.standard_normal((SIDE, length)), rng.standard_normal((length, SIDE))
    grid = (SIDE // BLOCK_SIDE, length // BLOCK_SIDE)
    if data == "log-normal":
        a *= expand(np.exp2(4 * rng.standard_normal(grid)))
        b *= expand(np.exp2(4 * rng.standard_normal(grid))).T
    elif data == "ascending":
        a *= expand(np.tile(np.exp2(np.linspace(-12, 0, grid[1])), (grid[0], 1)))
    return Operands(data, a, b)


def run(seed: int, progress: Callable[[str], None] = lambda _: None, recorded: tuple[Operands, ...] = ()) -> list[Row]:
    """Measure all variants.

    Parameters
    ----------
    seed : int
        Of the synthetic operands.
    progress : callable
        Told what comes next.
    recorded : tuple of Operands
        Further operands, such as those of a training step.
    """
    rows: list[Row] = []
    for data in ("gaussian", "log-normal", "ascending"):
        for length in LENGTHS:
            progress(f"{data}, K = {length}")
            rows += measure(synthetic(np.random.default_rng([seed, length]), data, length))
    for operands in recorded:
        progress(operands.data)
        rows += measure(operands)
    return rows


def worst(rows: Iterable[Row], **fixed: object) -> float:
    """Largest `rms_steps` among the rows whose fields have the values of ``fixed``."""
    return max(row.rms_steps for row in rows if all(getattr(row, key) == value for key, value in fixed.items()))


def measure(operands: Operands) -> Iterator[Row]:
    """Measure every precision, scheme, width and rounding on one product."""
    exact_input = operands.a @ operands.b
    a8, b8 = quantize(operands.a, 8), quantize(operands.b, 8)
    input_error = _rms(a8.dequantize() @ b8.dequantize() - exact_input)
    for a_bits, b_bits in PRECISIONS:
        a, b = quantize(operands.a, a_bits), quantize(operands.b, b_bits)
        # In float64 the reference errs by 2**-50 of its largest term: nothing beside the accumulators.
        exact = a.dequantize() @ b.dequantize()
        result = quantize(exact, 16)
        step = expand(np.ldexp(1.0, result.exponents.astype(np.int64) - 127 - 14))[: exact.shape[0], : exact.shape[1]]
        products, exponents = _products(a, b)
        fraction_bits = a.format.fraction_bits + b.format.fraction_bits
        for scheme in SCHEMES:
            for width in WIDTHS:
                for rounding in ROUNDINGS if scheme == "running" else ROUNDINGS[:3]:
                    value = contract(products, exponents, fraction_bits, scheme, width, rounding)
                    error = value[: exact.shape[0], : exact.shape[1]] - exact
                    yield Row(
                        operands.data,
                        operands.a.shape[1],
                        a_bits,
                        b_bits,
                        scheme,
                        width,
                        rounding,
                        _rms(error / step),
                        float(np.abs(error / step).max()),
                        _rms(error) / input_error,
                    )


def contract(
    products: Integers, exponents: Integers, fraction_bits: int, scheme: str, width: int, rounding: str
) -> Floats:
    """Sum the products of all k-blocks in one variant of the accumulator.

    Parameters
    ----------
    products : int64 array, shape (k-blocks, 4 I, 4 J)
        Dot products of 4 terms, with ``fraction_bits`` fraction bits.
    exponents : int64 array, shape (k-blocks, I, J)
        Pair exponents; -1 where an operand block is zero.
    fraction_bits : int
        Of the products.
    scheme, width, rounding
        One of `SCHEMES`, `WIDTHS`, `ROUNDINGS`.
    """
    acc_fraction_bits = width - PRODUCT_INTEGER_BITS - GROWTH_BITS
    down = fraction_bits - acc_fraction_bits
    final = np.maximum(exponents.max(axis=0), 0)
    acc = np.zeros(products.shape[1:], dtype=np.int64)
    current = np.zeros_like(final) if scheme == "running" else final
    for product, exponent in zip(products, exponents, strict=True):
        new = np.maximum(current, exponent)
        if scheme == "running":
            shift = expand(np.minimum(new - current, _MAX_SHIFT))
            acc = _shifted(acc, shift, "half-up" if rounding == "half-up twice" else "floor")
        right = expand(np.clip(down + new - exponent, -_MAX_SHIFT, _MAX_SHIFT))
        aligned = product << np.maximum(-right, 0)
        acc += _shifted(aligned, np.maximum(right, 0), rounding.removesuffix(" twice"))
        current = new
    return acc * expand(np.ldexp(1.0, final - 254 - acc_fraction_bits))


def _shifted(values: Integers, shift: Integers, rounding: str) -> Integers:
    kept = values >> shift
    if rounding == "floor":
        return kept
    half = (np.int64(1) << shift) >> 1
    rounded = (values + half) >> shift
    if rounding == "half-even":
        tie = (shift > 0) & (values - (kept << shift) == half)
        return np.where(tie, kept + (kept & 1), rounded)
    return rounded


def _products(a: SmxMatrix, b: SmxMatrix) -> tuple[Integers, Integers]:
    """Dot products and pair exponents of all k-blocks."""
    inner = a.exponents.shape[1]
    a_tiles = a.mantissas.reshape(-1, inner, BLOCK_SIDE).transpose(1, 0, 2).astype(np.int64)
    b_tiles = b.mantissas.reshape(inner, BLOCK_SIDE, -1).astype(np.int64)
    a_used = np.asarray(a_tiles.reshape(inner, -1, BLOCK_SIDE * BLOCK_SIDE).any(axis=2))
    b_used = np.asarray(b_tiles.reshape(inner, BLOCK_SIDE, -1, BLOCK_SIDE).any(axis=(1, 3)))
    exponents = a.exponents.T[:, :, None].astype(np.int64) + b.exponents[:, None, :]
    exponents[~(a_used[:, :, None] & b_used[:, None, :])] = -1
    return a_tiles @ b_tiles, exponents


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
