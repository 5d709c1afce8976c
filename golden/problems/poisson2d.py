"""2-D Poisson on the unit square, ``lap u = f``, with soft Dirichlet conditions."""

from collections.abc import Callable, Mapping

import numpy as np

from pinta_hw.spec import experiment
from pinta_hw.spec.real import RealOperation, RealProgram, RealStep

from .problem import LossTerm, Points

_TEST_SEED = 2026
_Function = Callable[[Points], Points]

_SOLUTIONS: dict[str, tuple[_Function, _Function]] = {
    # name: the solution and its Laplacian at points of shape (N, 2)
    "poisson2d": (
        lambda x: np.sin(x.sum(axis=1, keepdims=True)) / 2,
        lambda x: -np.sin(x.sum(axis=1, keepdims=True)),
    ),
    "poisson2d-sine": (
        lambda x: np.prod(np.sin(np.pi * x), axis=1, keepdims=True),
        lambda x: -2 * np.pi**2 * np.prod(np.sin(np.pi * x), axis=1, keepdims=True),
    ),
}


class Poisson2d:
    """Loss: mean of ``(lap u - f)^2`` plus the weighted mean of ``(u - g)^2`` on the boundary.

    ``poisson2d`` is ``u = sin(x1 + x2) / 2``, as He et al. (2023) define it; ``poisson2d-sine`` is
    ``u = sin(pi x1) sin(pi x2)``. The trivial predictor is the mean of the solution over the test points.
    """

    dimensions = space = 2
    outputs = frozenset({"laplacian", "boundary"})
    program: RealProgram = (
        RealStep("residual", RealOperation.SUBTRACT, ("laplacian", "source")),
        RealStep("gradient_laplacian", RealOperation.MULTIPLY, ("residual", "residual_scale")),
        RealStep("mismatch", RealOperation.SUBTRACT, ("boundary", "boundary_value")),
        RealStep("gradient_boundary", RealOperation.MULTIPLY, ("mismatch", "mismatch_scale")),
    )

    def __init__(self, settings: experiment.Poisson2d) -> None:
        self._solution, self._laplacian = _SOLUTIONS[settings.name]
        self.loss: tuple[LossTerm, ...] = (
            LossTerm("laplacian", "residual", "residual_scale", 1.0),
            LossTerm("boundary", "mismatch", "mismatch_scale", settings.boundary_weight),
        )

    def sample(self, rng: np.random.Generator, interior: int, boundary: int) -> tuple[Points, Points]:
        inside, edge = rng.random((interior, 2)), rng.random((boundary, 2))
        # Each boundary point lies on one of the four sides.
        side = rng.integers(0, 4, boundary)
        edge[np.arange(boundary), side // 2] = side % 2
        return inside, edge

    def constants(self, interior: Points, boundary: Points) -> Mapping[str, Points]:
        return {"source": self._laplacian(interior), "boundary_value": self._solution(boundary)}

    def test_points(self, count: int) -> Points:
        return np.random.default_rng(_TEST_SEED).random((count, self.dimensions))

    def exact(self, points: Points) -> Points:
        return self._solution(points)

    def trivial(self, points: Points) -> Points:
        values = self._solution(points)
        return np.full_like(values, values.mean())
