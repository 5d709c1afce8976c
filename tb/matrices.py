"""Random SMX matrices that visit the corners: zero, NaN, full-scale and tiny blocks, far exponents."""

import numpy as np

from golden.smx import SmxMatrix, padded
from pinta_hw.spec.formats import BLOCK_SIDE, NAN_EXPONENT, SmxFormat


def random_matrix(
    rng: np.random.Generator,
    shape: tuple[int, int],
    bits: int,
    exponents: tuple[int, int] = (117, 137),
    zero_blocks: float = 0.1,
    nan_blocks: float = 0.0,
    full_scale: float = 0.1,
    low_digit: float = 0.1,
) -> SmxMatrix:
    """A matrix of logical ``shape``; the last four are the shares of blocks of that kind.

    In a ``low_digit`` block all digits but the least significant ones are zero.
    """
    limit = SmxFormat(bits).max_mantissa
    rows, columns = padded(shape)
    grid = (rows // BLOCK_SIDE, columns // BLOCK_SIDE)
    mantissas = rng.integers(-limit, limit, (rows, columns), endpoint=True, dtype=np.int32)
    kind = rng.random(grid)
    chosen = rng.integers(*exponents, grid, endpoint=True).astype(np.uint8)
    blocks = mantissas.reshape(grid[0], BLOCK_SIDE, grid[1], BLOCK_SIDE).swapaxes(1, 2)
    full = kind > 1 - full_scale
    blocks[full] = np.where(blocks[full] < 0, -limit, limit)
    low = (kind <= 1 - full_scale) & (kind > 1 - full_scale - low_digit)
    blocks[low] %= 8
    blocks[kind < zero_blocks + nan_blocks] = 0
    mantissas = np.ascontiguousarray(blocks.swapaxes(1, 2).reshape(rows, columns))
    mantissas[shape[0] :] = 0
    mantissas[:, shape[1] :] = 0
    is_zero = ~mantissas.reshape(grid[0], BLOCK_SIDE, grid[1], BLOCK_SIDE).any(axis=(1, 3))
    chosen[is_zero] = 0
    chosen[kind < nan_blocks] = NAN_EXPONENT
    return SmxMatrix(mantissas, chosen, bits, shape)
