"""Modes and ranks of a tensor train, and its cores in floating point."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class TrainShape:
    """A train of cores for a weight of M x N, M outputs and N inputs.

    Core k has the shape ``(r_(k-1), mode, r_k)``; the modes are the row modes, then the column modes, and
    ``r_0 = r_last = 1``.

    Parameters
    ----------
    row_modes : tuple of int
        Their product is M.
    column_modes : tuple of int
        Their product is N.
    ranks : tuple of int
        Those between the cores, one fewer than cores.
    """

    row_modes: tuple[int, ...]
    column_modes: tuple[int, ...]
    ranks: tuple[int, ...]

    def __post_init__(self) -> None:
        assert len(self.ranks) == len(self.row_modes) + len(self.column_modes) - 1

    @property
    def rows(self) -> int:
        return math.prod(self.row_modes)

    @property
    def columns(self) -> int:
        return math.prod(self.column_modes)

    @property
    def cores(self) -> tuple[tuple[int, int, int], ...]:
        """Shapes of the cores."""
        modes, ranks = self.row_modes + self.column_modes, (1, *self.ranks, 1)
        return tuple(zip(ranks[:-1], modes, ranks[1:], strict=True))

    @property
    def parameters(self) -> int:
        """Elements of all cores."""
        return sum(math.prod(core) for core in self.cores)


def largest_ranks(row_modes: Sequence[int], column_modes: Sequence[int], rank: int) -> tuple[int, ...]:
    """``rank`` between all cores, but nowhere more than the modes on either side can use."""
    modes = [*row_modes, *column_modes]
    return tuple(min(rank, math.prod(modes[:k]), math.prod(modes[k:])) for k in range(1, len(modes)))


def balanced_modes(width: int, count: int) -> tuple[int, ...]:
    """``count`` ascending factors of ``width``, as equal as its prime factors allow."""
    modes = [1] * count
    for prime in sorted(_prime_factors(width), reverse=True):
        modes[modes.index(min(modes))] *= prime
    return tuple(sorted(modes))


def reconstruct(shape: TrainShape, cores: Sequence[Floats]) -> Floats:
    """The weight, shape (M, N)."""
    left, right = factors(shape, cores)
    return left @ right.T


def factors(shape: TrainShape, cores: Sequence[Floats]) -> tuple[Floats, Floats]:
    """The output-side product, shape (M, r), and the input-side one, transposed, shape (N, r)."""
    split = len(shape.row_modes)
    left = _contracted(cores[:split]).reshape(shape.rows, -1)
    right = _contracted(cores[split:]).reshape(-1, shape.columns)
    return left, right.T


def random_cores(shape: TrainShape, rng: np.random.Generator, variance: float) -> list[npt.NDArray[np.float64]]:
    """Gaussian cores, scaled alike so that the weight's mean square is ``variance``."""
    cores = [rng.standard_normal(core) for core in shape.cores]
    left, right = factors(shape, cores)
    mean_square = np.sum((left.T @ left) * (right.T @ right)) / (shape.rows * shape.columns)
    scale = (variance / mean_square) ** (0.5 / len(cores))
    return [scale * core for core in cores]


def _contracted(cores: Sequence[Floats]) -> Floats:
    product = cores[0]
    for core in cores[1:]:
        product = np.tensordot(product, core, axes=1)
    return product


def _prime_factors(number: int) -> list[int]:
    found, divisor = [], 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            found.append(divisor)
            number //= divisor
        divisor += 1
    return [*found, number] if number > 1 else found
