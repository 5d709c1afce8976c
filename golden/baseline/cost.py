"""What JAX says about a step of automatic differentiation: operations of the compiled program, and measured time."""

import re
import statistics
import time
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment

from .differentiation import loss_of
from .trainer import BaselineTrainer

_WARM_UP = 3
_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class CompiledCost:
    """JAX's own analysis of the compiled loss gradient.

    Parameters
    ----------
    flops, transcendentals : float
        Operations; what a compiler computes again in several fused kernels counts as often.
    kernels : int
        Fused kernels and matrix products in the program's outermost computation.
    """

    flops: float
    transcendentals: float
    kernels: int


@dataclass(frozen=True)
class MeasuredStep:
    """Time of a whole step in JAX, gradient and Adam compiled together.

    Parameters
    ----------
    device : str
        What JAX calls it, and JAX's version.
    method : str
        ``ad`` or ``forward-laplacian``.
    median_us, least_us : float
        Over the repeats, each waiting for its result.
    repeats : int
        Steps measured.
    """

    device: str
    method: str
    median_us: float
    least_us: float
    repeats: int


def compiled_cost(experiment: Experiment, method: str) -> CompiledCost:
    """Operations of one gradient of the loss on JAX's CPU backend."""
    trainer = BaselineTrainer(experiment, method)
    gradient = jax.grad(loss_of(trainer.problem, trainer.network, method), has_aux=True)
    with jax.default_device(jax.devices("cpu")[0]):
        compiled = jax.jit(gradient).lower(*_arguments(trainer)).compile()
    analysis: Any = compiled.cost_analysis()
    found = analysis[0] if isinstance(analysis, list) else analysis
    entry = str(compiled.as_text()).partition("ENTRY")[2]
    kernels = re.findall(r"= \S+ (?:fusion|dot|custom-call|convolution)\(", entry)
    return CompiledCost(found["flops"], found["transcendentals"], len(kernels))


def measure(experiment: Experiment, method: str, device: str, repeats: int = 20) -> MeasuredStep:
    """Time of a step on a device.

    Parameters
    ----------
    experiment : Experiment
        Its dense FP32 counterpart is measured.
    method : str
        ``ad`` or ``forward-laplacian``.
    device : str
        A platform of JAX, such as ``cpu`` or ``gpu``.
    repeats : int
        Steps, after a few to warm up.

    Raises
    ------
    UserError
        If JAX has no such device.
    """
    try:
        chosen = jax.devices(device)[0]
    except RuntimeError as error:
        known = ", ".join(sorted({one.platform for one in jax.devices()}))
        raise UserError(f"device: JAX has no {device!r} here; allowed: {known}") from error
    trainer = BaselineTrainer(experiment, method)
    gradient = jax.grad(loss_of(trainer.problem, trainer.network, method), has_aux=True)

    def step(state: Any, *points: Any) -> Any:
        weights, first, second, count = state
        found, _ = gradient(weights, *points)
        count = count + 1
        rate = experiment.training.learning_rate * jnp.sqrt(1 - _BETA2**count) / (1 - _BETA1**count)
        first = {name: _BETA1 * first[name] + (1 - _BETA1) * g for name, g in found.items()}
        second = {name: _BETA2 * second[name] + (1 - _BETA2) * g * g for name, g in found.items()}
        weights = {n: w - rate * first[n] / (jnp.sqrt(second[n]) + _EPSILON) for n, w in weights.items()}
        return weights, first, second, count

    parameters, *points = jax.device_put(_arguments(trainer), chosen)
    zeros = jax.tree_util.tree_map(jnp.zeros_like, parameters)
    state = jax.device_put((parameters, zeros, zeros, jnp.float32(0)), chosen)
    compiled = jax.jit(step)
    times = []
    for _ in range(_WARM_UP + repeats):
        begin = time.perf_counter()
        state = jax.block_until_ready(compiled(state, *points))
        times.append(1e6 * (time.perf_counter() - begin))
    times = times[_WARM_UP:]
    name = f"{chosen.device_kind} ({chosen.platform}), JAX {jax.__version__}"
    return MeasuredStep(name, method, statistics.median(times), min(times), repeats)


def _arguments(trainer: BaselineTrainer) -> tuple[Any, ...]:
    """Parameters, points and constants of the first step, FP32."""
    interior, boundary = trainer.points(0)
    inside, outside = trainer.in_step.constants(interior, boundary)
    arguments = (trainer.optimizer.parameters, interior, boundary, inside | outside)
    return jax.tree_util.tree_map(lambda value: np.asarray(value, np.float32), arguments)
