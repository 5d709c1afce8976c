"""Directions along which derivatives are taken: frames whose sum of ``f f^T`` is the identity, or is so on average.

With K directions f in D coordinates of space::

    gaussian     independent normal entries of variance 1 / K (the paper's)
    rademacher   independent entries of +-sqrt(1 / K)
    orthogonal   columns of random orthogonal matrices, as many matrices as K takes, times sqrt(D / K)
    coordinate   K different axes, drawn where K < D, times sqrt(D / K)

A gradient g is ``sum f (f . g)`` and a Laplacian ``sum f^T H f``: exact where K is a multiple of D in an orthogonal
frame, and for K = D axes; otherwise on average (Hutchinson's estimate).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.errors import UserError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """Directions of some points.

    Parameters
    ----------
    vectors : float64 array, shape (P, K, D)
        P is the number of points, or 1 where all share the directions.
    curvature : float64 array, shape (P, K)
        Weights c of the second derivatives: the Laplacian is ``sum c f^T H f``.
    """

    vectors: Floats
    curvature: Floats

    def part(self, points: slice) -> "Frame":
        """Of some of the points."""
        return self if len(self.vectors) == 1 else Frame(self.vectors[points], self.curvature[points])


@dataclass(frozen=True)
class Directions:
    """How directions are drawn.

    Parameters
    ----------
    kind : str
        ``gaussian``, ``rademacher``, ``orthogonal`` or ``coordinate``.
    count : int
        K.
    space : int
        D.
    shared : bool
        Whether all points have the same directions.
    stein_weights : bool
        Weigh second derivatives along Gaussian directions as equation 5 of the paper does, by ``(K f.f - D) / 2``;
        otherwise, and along other directions, by 1.

    Raises
    ------
    UserError
        If there are fewer axes than directions.
    """

    kind: str
    count: int
    space: int
    shared: bool
    stein_weights: bool

    def __post_init__(self) -> None:
        if self.kind == "coordinate" and self.count > self.space:
            raise UserError(
                f"estimator.count: {self.count} directions are not possible along {self.space} coordinates; "
                f"allowed: 1 to {self.space}, or other directions"
            )

    def draw(self, rng: np.random.Generator, points: int) -> Frame:
        """Directions for ``points`` points."""
        rows = 1 if self.shared else points
        vectors = _DRAW[self.kind](rng, rows, self.count, self.space)
        curvature = np.ones((rows, self.count))
        if self.stein_weights and self.kind == "gaussian":
            curvature = (self.count * np.sum(vectors**2, axis=2) - self.space) / 2
        return Frame(vectors, curvature)


def _gaussian(rng: np.random.Generator, rows: int, count: int, space: int) -> Floats:
    return rng.standard_normal((rows, count, space)) / np.sqrt(count)


def _rademacher(rng: np.random.Generator, rows: int, count: int, space: int) -> Floats:
    return rng.choice([-1.0, 1.0], (rows, count, space)) / np.sqrt(count)


def _orthogonal(rng: np.random.Generator, rows: int, count: int, space: int) -> Floats:
    matrices = -(-count // space)
    q, r = np.linalg.qr(rng.standard_normal((rows, matrices, space, space)))
    # With the signs of r's diagonal, q is uniform over the orthogonal matrices.
    q *= np.sign(np.diagonal(r, axis1=2, axis2=3))[:, :, None, :]
    frames = q.swapaxes(2, 3).reshape(rows, matrices * space, space)
    return frames[:, :count] * np.sqrt(space / count)


def _coordinate(rng: np.random.Generator, rows: int, count: int, space: int) -> Floats:
    axes = np.tile(np.arange(space), (rows, 1))
    if count < space:
        axes = np.sort(rng.permuted(axes, axis=1)[:, :count], axis=1)
    return np.eye(space)[axes] * np.sqrt(space / count)


_DRAW = {"gaussian": _gaussian, "rademacher": _rademacher, "orthogonal": _orthogonal, "coordinate": _coordinate}
