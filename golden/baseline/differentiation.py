"""Gradients of a problem's loss by JAX."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pinta_hw.spec.real import RealOperation, RealProgram

from ..network import Network
from ..problems import BOUNDARY_SCALE, RESIDUAL_SCALE, Problem
from ..real import Reals

_PRECISION = jax.lax.Precision.HIGHEST
_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "tanh": jnp.tanh,
    "sin": jnp.sin,
    "gelu": lambda y: jax.nn.gelu(y, approximate=False),
}
_FUNCTIONS: dict[RealOperation, Callable[..., Any]] = {
    RealOperation.ADD: jnp.add,
    RealOperation.SUBTRACT: jnp.subtract,
    RealOperation.MULTIPLY: jnp.multiply,
    RealOperation.DIVIDE: jnp.divide,
    RealOperation.SQUARE_ROOT: jnp.sqrt,
}

_SCALES = {"interior": RESIDUAL_SCALE, "boundary": BOUNDARY_SCALE}

Gradients = tuple[dict[str, Reals], dict[str, Reals]]


def loss_of(problem: Problem, network: Network, method: str) -> Callable[..., Any]:
    """A function of parameters, interior and boundary points and constants: the loss and the residuals.

    Parameters
    ----------
    problem : Problem
        Its program computes the residuals; JAX alone differentiates them.
    network : Network
        Of dense layers.
    method : str
        ``ad`` or ``forward-laplacian``.
    """
    planes = {"ad": _nested_reverse, "forward-laplacian": _forward_laplacian}[method]
    names = [layer.name for layer in network.layers]
    activation = _ACTIVATIONS[network.activation]

    def loss(parameters: Any, interior: Any, boundary: Any, constants: Any) -> Any:
        layers = [(parameters[f"{name}.weight"], parameters[f"{name}.bias"][0]) for name in names]
        registers = dict(constants)
        registers |= planes(layers, activation, interior, problem)
        registers["boundary"] = _values(layers, activation, boundary)[:, None]
        registers = _run(problem.program, registers)
        points = {term.residual: term.points for term in problem.loss}
        residuals = {name: registers[name] for name in points}
        total = sum(jnp.sum(registers[_SCALES[points[name]]] / 2 * value**2) for name, value in residuals.items())
        return total, residuals

    return loss


def differentiated(
    problem: Problem, network: Network, method: str, dtype: type[np.floating]
) -> Callable[..., Gradients]:
    """A function of parameters, interior and boundary points and constants: gradients and residuals.

    Parameters
    ----------
    problem, network, method
        As in `loss_of`.
    dtype : type
        float32 or float64.
    """
    compiled = jax.jit(jax.grad(loss_of(problem, network, method), has_aux=True))

    def gradients(*arguments: Any) -> Gradients:
        jax.config.update("jax_enable_x64", dtype is np.float64)
        found, residuals = compiled(*arguments)
        return {n: np.asarray(g) for n, g in found.items()}, {n: np.asarray(r) for n, r in residuals.items()}

    return gradients


def _dot(x: Any, weight: Any) -> Any:
    return jnp.matmul(x, weight, precision=_PRECISION)


def _values(layers: Any, activation: Callable[[Any], Any], x: Any) -> Any:
    """The network at points of shape (..., D): shape (...)."""
    for weight, bias in layers[:-1]:
        x = activation(_dot(x, weight) + bias)
    weight, bias = layers[-1]
    return (_dot(x, weight) + bias)[..., 0]


def _named(problem: Problem, base: Any, slopes: Any, laplacian: Any) -> dict[str, Any]:
    """Columns by the names of the planes; ``slopes`` has shape (N, D)."""
    planes = {f"direction{v}": slopes[:, v : v + 1] for v in range(problem.space)}
    if problem.dimensions > problem.space:
        planes["time"] = slopes[:, problem.space :]
    return planes | {"base": base[:, None], "laplacian": laplacian[:, None]}


def _nested_reverse(layers: Any, activation: Callable[[Any], Any], points: Any, problem: Problem) -> dict[str, Any]:
    """Reverse mode for the gradient, reverse mode again for each row of the Hessian over space."""

    def value(x: Any) -> Any:
        return _values(layers, activation, x)

    def at(x: Any) -> tuple[Any, Any, Any]:
        slope, pull = jax.vjp(jax.grad(value), x)
        rows = jax.vmap(lambda e: pull(e)[0])(jnp.eye(len(x), dtype=x.dtype)[: problem.space])
        return value(x), slope, jnp.trace(rows[:, : problem.space])

    return _named(problem, *jax.vmap(at)(points))


def _forward_laplacian(layers: Any, activation: Callable[[Any], Any], points: Any, problem: Problem) -> dict[str, Any]:
    """Value, first derivatives and Laplacian carried forward together."""
    first = jax.vmap(jax.grad(activation))
    second = jax.vmap(jax.grad(jax.grad(activation)))
    y, slopes = points, jnp.broadcast_to(jnp.eye(points.shape[1], dtype=points.dtype), (*points.shape, points.shape[1]))
    laplacian = jnp.zeros_like(points)
    for index, (weight, bias) in enumerate(layers):
        y, slopes, laplacian = _dot(y, weight) + bias, _dot(slopes, weight), _dot(laplacian, weight)
        if index + 1 < len(layers):
            flat = y.reshape(-1)
            one, two = first(flat).reshape(y.shape), second(flat).reshape(y.shape)
            laplacian = one * laplacian + two * jnp.sum(slopes[:, : problem.space] ** 2, axis=1)
            slopes = one[:, None] * slopes
            y = activation(y)
    return _named(problem, y[:, 0], slopes[:, :, 0], laplacian[:, 0])


def _run(program: RealProgram, inputs: Mapping[str, Any]) -> dict[str, Any]:
    registers = dict(inputs)
    for step in program:
        registers[step.result] = _FUNCTIONS[step.operation](*(registers[name] for name in step.operands))
    return registers
