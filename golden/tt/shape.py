"""The cores of a tensor train in floating point; `pinta_hw.spec.train_shape` has its modes and ranks."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.train_shape import TrainShape, balanced_modes, largest_ranks

__all__ = ["TrainShape", "balanced_modes", "factors", "largest_ranks", "random_cores", "reconstruct"]

Floats = npt.NDArray[np.floating]


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
