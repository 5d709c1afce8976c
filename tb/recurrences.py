"""The estimators' recurrences in JAX, as the documentation states them, for JAX alone to differentiate."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from golden.estimators import Frame
from golden.network import Network
from golden.problems import BOUNDARY_SCALE, RESIDUAL_SCALE, Problem
from pinta_hw.spec.real import RealOperation

_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "tanh": jnp.tanh,
    "sin": jnp.sin,
    "gelu": lambda y: y * (1 + jax.lax.erf(y * 0.5**0.5)) / 2,
}
_OPERATIONS: dict[RealOperation, Callable[..., Any]] = {
    RealOperation.ADD: jnp.add,
    RealOperation.SUBTRACT: jnp.subtract,
    RealOperation.MULTIPLY: jnp.multiply,
    RealOperation.DIVIDE: jnp.divide,
    RealOperation.SQUARE_ROOT: jnp.sqrt,
}


class Recurrences:
    """A network's outputs at fixed points as a function of its parameters.

    Parameters
    ----------
    network : Network
        Of dense layers and tensor trains.
    name : str
        Of the estimator.
    sigma : float
        Of its perturbations; `jet` has none.
    x, boundary : float64 arrays, shapes (N, D) and (B, D)
        Points.
    frame : Frame
        Directions at the interior points, in the first coordinates.
    """

    def __init__(
        self, network: Network, name: str, sigma: float, x: np.ndarray, boundary: np.ndarray, frame: Frame
    ) -> None:
        self._network, self._name, self._sigma = network, name, sigma
        self._x, self._boundary = x, boundary
        self._gaussian = network.estimator.directions.kind == "gaussian"
        points, count, self._space = (len(x), *frame.vectors.shape[1:])
        vectors = np.broadcast_to(frame.vectors, (points, count, self._space))
        beside = x.shape[1] - self._space
        self._steps = [np.pad(vectors[:, k], ((0, 0), (0, beside))) for k in range(count)]
        self._time = np.zeros(x.shape)
        self._time[:, self._space :] = 1
        self._phi = [_ACTIVATIONS[network.activation]]
        for _ in range(3):
            self._phi.append(_derivative(self._phi[-1]))

    def outputs(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """All of ``base``, ``boundary``, ``direction<v>``, ``laplacian`` and, where there is one, ``time``."""
        self._weights = [_weight(layer, parameters) for layer in self._network.layers]
        self._biases = [parameters[f"{layer.name}.bias"] for layer in self._network.layers]
        self._u, self._ys = self._values(self._x)
        made = self._jet() if self._name == "jet" else self._differences()
        gradient = made.pop("gradient")
        made |= {f"direction{v}": gradient[:, v : v + 1] for v in range(self._space)}
        return made | {"base": self._u, "boundary": self._values(self._boundary)[0]}

    def _values(self, x: Any) -> tuple[Any, list[Any]]:
        """Values, and what each activation takes."""
        ys = []
        for weight, bias in zip(self._weights, self._biases, strict=True):
            ys.append(x @ weight + bias)
            x = self._phi[0](ys[-1])
        return ys[-1], ys[:-1]

    def _jet(self) -> dict[str, Any]:
        phi, rows, s = self._phi, [*self._steps, self._time], jnp.zeros_like(self._ys[0])
        for index, (weight, y) in enumerate(zip(self._weights, self._ys, strict=False)):
            rows = [a @ weight for a in rows]
            s = s @ weight if index else s
            s = phi[1](y) * s + phi[2](y) * sum(a**2 for a in rows[:-1])
            rows = [phi[1](y) * a for a in rows]
        ends = [(a @ self._weights[-1])[:, 0] for a in rows]
        gradient = sum(f[:, : self._space] * a[:, None] for f, a in zip(self._steps, ends, strict=False))
        return {"gradient": gradient, "laplacian": s @ self._weights[-1], "time": ends[-1][:, None]}

    def _differences(self) -> dict[str, Any]:
        count, sigma, space = len(self._steps), self._sigma, self._space
        gradient, laplacian = 0.0, 0.0
        for f in self._steps:
            odd, even = self._halves(np.sqrt(count) * sigma * f)
            delta = np.sqrt(count) * sigma * f[:, :space]
            gradient = gradient + delta / sigma**2 * odd / count
            weight = 2 / sigma**2 * np.ones((len(delta), 1))
            if self._gaussian:
                weight = ((delta**2).sum(1, keepdims=True) - sigma**2 * space) / sigma**4
            laplacian = laplacian + weight * even / count
        return {"gradient": gradient, "laplacian": laplacian, "time": self._halves(sigma * self._time)[0] / sigma}

    def _halves(self, delta: Any) -> tuple[Any, Any]:
        """Half the first and half the second difference along a perturbation."""
        phi = self._phi
        if self._name == "stein":
            plus, minus = self._values(self._x + delta)[0], self._values(self._x - delta)[0]
            return (plus - minus) / 2, (plus + minus - 2 * self._u) / 2
        if self._name == "diffquant":
            ends = []
            for e in (delta, -delta):
                for weight, y in zip(self._weights, self._ys, strict=False):
                    e = e @ weight
                    e = phi[1](y) * e + phi[2](y) * e**2 / 2 + phi[3](y) * e**3 / 6
                ends.append(e @ self._weights[-1])
            return (ends[0] - ends[1]) / 2, (ends[0] + ends[1]) / 2
        a, s = delta, 0.0 * delta
        for weight, y in zip(self._weights, self._ys, strict=False):
            a, s = a @ weight, s @ weight
            d1, d2, d3 = (f(y) for f in phi[1:])
            a, s = (
                d1 * a + d2 * a * s + d3 * (a**3 / 6 + a * s**2 / 2),
                d1 * s + d2 * (a**2 + s**2) / 2 + d3 * (a**2 * s / 2 + s**3 / 6),
            )
        return a @ self._weights[-1], s @ self._weights[-1]


def problem_loss(problem: Problem, constants: Mapping[str, np.ndarray], outputs: Mapping[str, Any]) -> Any:
    """Half the weighted sum of squares of a problem's residuals, whose gradient training takes."""
    registers = {**constants, **outputs}
    for step in problem.program:
        registers[step.result] = _OPERATIONS[step.operation](*(registers[name] for name in step.operands))
    scales = {"interior": RESIDUAL_SCALE, "boundary": BOUNDARY_SCALE}
    return sum(
        jnp.sum(registers[scales[points]] / 2 * registers[name] ** 2)
        for name, points in {term.residual: term.points for term in problem.loss}.items()
    )


def _derivative(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda y: jax.jvp(function, (y,), (jnp.ones_like(y),))[1]


def _weight(layer: Any, parameters: Mapping[str, Any]) -> Any:
    """A layer's weight, shape (inputs, outputs); that of a tensor train is rebuilt."""
    if f"{layer.name}.weight" in parameters:
        return parameters[f"{layer.name}.weight"]
    first, *others = (parameters[f"{layer.name}.core{k + 1}"] for k in range(len(layer.shape.cores)))
    for core in others:
        first = jnp.tensordot(first, core, 1)
    return first.reshape(layer.shape.rows, layer.shape.columns).T
