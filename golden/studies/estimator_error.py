"""Error that quantization adds to the derivatives of a network, by estimator, sigma and SMX width.

A random tanh network, random points and one set of directions meet each estimator twice: in SMX, and in float64 by the
same recurrence with the same directions. So neither the variance of the directions nor the bias of a finite sigma is
in the figures, but the quantization of points, directions, weights and activations is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pinta_hw.spec import experiment as spec
from pinta_hw.spec.accumulator import MAX_CONTRACTION
from pinta_hw.spec.formats import BLOCK_SIDE, SmxFormat, blocks

from ..arithmetic import Arithmetic, FloatArithmetic, SmxArithmetic
from ..differentiation import Differentiation
from ..estimators import make_estimator
from ..layers import Dense
from ..network import Network

SIGMAS = (0.1, 0.03, 0.01, 0.001)
BITS = (4, 8, 12)
PERTURBED = ("stein", "diffquant", "parity")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """What is measured.

    Parameters
    ----------
    width, hidden : int
        Width and number of the hidden layers.
    space : int
        D, coordinates.
    count : int
        K, directions; all points share them.
    directions : str
        Their kind.
    points : int
        Uniform in the unit cube; at most 2048.
    seed : int
        Of weights, points and directions.
    """

    width: int = 256
    hidden: int = 3
    space: int = 21
    count: int = 64
    directions: str = "gaussian"
    points: int = 32
    seed: int = 0


@dataclass(frozen=True)
class Row:
    """One estimator at one sigma and width."""

    estimator: str
    sigma: float | None
    """None for `jet`, which has none."""
    bits: int
    """Of inputs, activations and weights; elementwise work is SMX-16."""
    gradient: float
    """Relative error (Euclidean norm over points and coordinates)."""
    laplacian: float
    """Relative error (Euclidean norm over points)."""


def run(
    setting: Setting,
    sigmas: Sequence[float] = SIGMAS,
    bits: Sequence[int] = BITS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Row]:
    """Measure all estimators.

    Parameters
    ----------
    setting : Setting
        The network and its points.
    sigmas, bits : sequences
        What to measure.
    progress : callable
        Told how many of how many measurements are done.

    Raises
    ------
    UserError
        If a width or the directions are not possible.
    """
    for width in bits:
        SmxFormat(width)
    cases = [(name, sigma) for name in PERTURBED for sigma in sigmas] + [("jet", None)]
    rows: list[Row] = []
    for name, sigma in cases:
        for row in _measure(setting, name, sigma, bits):
            rows.append(row)
            progress(len(rows), len(cases) * len(bits))
    return rows


def _measure(setting: Setting, name: str, sigma: float | None, bits: Sequence[int]) -> Iterator[Row]:
    # The outputs' weighted sums contract over a chunk's rows.
    chunk = MAX_CONTRACTION // (2 * BLOCK_SIDE * blocks(setting.points))
    section: dict[str, Any] = {"name": name, "directions": setting.directions, "count": setting.count, "chunk": chunk}
    chosen = spec.Jet(**section) if sigma is None else spec.Perturbations(**section, sigma=sigma)
    widths = [setting.space, *[setting.width] * setting.hidden, 1]
    layers = [Dense(f"layer{i}", n, m) for i, (n, m) in enumerate(zip(widths[:-1], widths[1:], strict=True))]
    network = Network(layers, "tanh", make_estimator(chosen, setting.space), frozenset({"direction", "laplacian"}))
    exact = _derivatives(setting, network, FloatArithmetic(np.float64))
    for width in bits:
        roles = dict.fromkeys(("inputs", "activations", "weights", "gradients"), width)
        precision = spec.Precision.model_validate(roles)
        found = _derivatives(setting, network, SmxArithmetic(precision))
        gradient, laplacian = (_relative(a, b) for a, b in zip(found, exact, strict=True))
        yield Row(name, sigma, width, gradient, laplacian)


def _derivatives(setting: Setting, network: Network, arithmetic: Arithmetic[Any]) -> tuple[Floats, Floats]:
    """Gradient, shape (N, D), and Laplacian, shape (N, 1)."""
    rng = np.random.default_rng([setting.seed, 1])
    points = rng.random((setting.points, setting.space))
    frame = network.estimator.directions.draw(rng, setting.points)
    parameters = {name: value.astype(arithmetic.dtype) for name, value in network.initial(setting.seed).items()}
    tensors = network.encode(arithmetic, parameters)
    outputs = Differentiation(network, arithmetic, tensors, points, points[:0], frame).outputs
    gradient = np.concatenate([outputs[f"direction{v}"] for v in range(setting.space)], axis=1)
    return gradient.astype(np.float64), outputs["laplacian"].astype(np.float64)


def _relative(found: Floats, exact: Floats) -> float:
    return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))
