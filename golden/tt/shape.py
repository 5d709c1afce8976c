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
    """Random orthogonal cores, scaled alike so that the weight's mean square is ``variance``.

    The unfoldings are orthogonal towards the middle of the train, so the two factors of the weight are as well, and
    all its singular values are equal. With independent Gaussian elements a few singular values
    outgrow the others with every core, and training starts much slower.
    """
    split = len(shape.row_modes)
    cores = [_orthogonal(core, rng, inner_last=k < split) for k, core in enumerate(shape.cores)]
    left, right = factors(shape, cores)
    grams = [np.einsum("mi,mj->ij", factor, factor) for factor in (left, right)]
    mean_square = np.sum(grams[0] * grams[1]) / (shape.rows * shape.columns)
    scale = (variance / mean_square) ** (0.5 / len(cores))
    return [scale * core for core in cores]


def _orthogonal(core: tuple[int, int, int], rng: np.random.Generator, *, inner_last: bool) -> npt.NDArray[np.float64]:
    """A core whose unfolding has orthonormal columns (or rows, if it is wide); the inner rank is last or first."""
    unfolded = (core[0] * core[1], core[2]) if inner_last else (core[1] * core[2], core[0])
    gaussian = rng.standard_normal(unfolded)
    wide = unfolded[0] < unfolded[1]
    q = _gram_schmidt(gaussian.T if wide else gaussian)
    q = q.T if wide else q
    return (q if inner_last else q.T).reshape(core)


def _gram_schmidt(columns: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Orthonormal columns, shape kept; plain sums, so that no linear algebra library decides the last bits."""
    q = columns.copy()
    for j in range(q.shape[1]):
        for _ in range(2):  # The second pass removes what rounding left.
            for i in range(j):
                q[:, j] -= np.sum(q[:, i] * q[:, j]) * q[:, i]
        q[:, j] /= np.sqrt(np.sum(np.square(q[:, j])))
    return q


def _contracted(cores: Sequence[Floats]) -> Floats:
    product = cores[0].reshape(-1, cores[0].shape[2])
    for core in cores[1:]:
        product = np.einsum("pa,anb->pnb", product, core).reshape(-1, core.shape[2])
    return product


def _prime_factors(number: int) -> list[int]:
    found, divisor = [], 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            found.append(divisor)
            number //= divisor
        divisor += 1
    return [*found, number] if number > 1 else found
