"""Optimizers on master weights, as pinta_hw/spec/real.py states them, and the learning rate of each step."""

import math
from collections.abc import Mapping

import numpy as np

from pinta_hw.spec.experiment import Training
from pinta_hw.spec.real import ADAM, SGD

from .layers import Parameters
from .real import Reals, run_program

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class Sgd:
    """Master weights; stochastic gradient descent.

    Parameters
    ----------
    parameters : dict of arrays
        Initial weights; they are rounded to ``dtype``.
    dtype : type
        ``np.float32``, or ``np.float64`` in the reference.
    """

    def __init__(self, parameters: Parameters, dtype: type[np.floating]) -> None:
        self._dtype = dtype
        self.parameters: dict[str, Reals] = {name: value.astype(dtype) for name, value in parameters.items()}

    def step(self, gradients: Parameters, learning_rate: float) -> None:
        """Update all parameters."""
        scalars = self.scalars(learning_rate)
        for name, w in self.parameters.items():
            self.parameters[name] = run_program(SGD, scalars | {"w": w, "g": gradients[name]})["w"]

    def scalars(self, learning_rate: float) -> dict[str, Reals]:
        """Constants of the next step's program, float64 products rounded once; every call counts a step."""
        return {"rate": np.asarray(learning_rate, self._dtype)}

    def state(self) -> dict[str, Reals]:
        """All that the next step depends on, by name."""
        return {f"parameter/{name}": value for name, value in self.parameters.items()}

    def restore(self, state: Mapping[str, Reals]) -> None:
        """Continue from what `state` gave, bit for bit."""
        self.parameters = {name: state[f"parameter/{name}"] for name in self.parameters}


class Adam(Sgd):
    """Master weights and their moments; Adam."""

    def __init__(self, parameters: Parameters, dtype: type[np.floating]) -> None:
        super().__init__(parameters, dtype)
        self._m = {name: np.zeros_like(value) for name, value in self.parameters.items()}
        self._v = {name: np.zeros_like(value) for name, value in self.parameters.items()}
        self._beta1_power = self._beta2_power = 1.0
        self._constants = {
            "beta1": np.asarray(BETA1, dtype),
            "one_minus_beta1": np.asarray(1 - BETA1, dtype),
            "beta2": np.asarray(BETA2, dtype),
            "one_minus_beta2": np.asarray(1 - BETA2, dtype),
        }

    def scalars(self, learning_rate: float) -> dict[str, Reals]:
        self._beta1_power *= BETA1
        self._beta2_power *= BETA2
        correction = math.sqrt(1 - self._beta2_power)
        return self._constants | {
            "rate": np.asarray(learning_rate * correction / (1 - self._beta1_power), self._dtype),
            "epsilon": np.asarray(EPSILON * correction, self._dtype),
        }

    def step(self, gradients: Parameters, learning_rate: float) -> None:
        scalars = self.scalars(learning_rate)
        for name, w in self.parameters.items():
            inputs = {"w": w, "m": self._m[name], "v": self._v[name], "g": gradients[name]}
            after = run_program(ADAM, scalars | inputs)
            self.parameters[name], self._m[name], self._v[name] = after["w"], after["m"], after["v"]

    def state(self) -> dict[str, Reals]:
        state = super().state() | {"beta_powers": np.array([self._beta1_power, self._beta2_power])}
        for name in self.parameters:
            state |= {f"m/{name}": self._m[name], f"v/{name}": self._v[name]}
        return state

    def restore(self, state: Mapping[str, Reals]) -> None:
        super().restore(state)
        self._beta1_power, self._beta2_power = (float(power) for power in state["beta_powers"])
        self._m = {name: state[f"m/{name}"] for name in self.parameters}
        self._v = {name: state[f"v/{name}"] for name in self.parameters}


def make_optimizer(training: Training, parameters: Parameters, dtype: type[np.floating]) -> Sgd:
    """The optimizer that an experiment names."""
    return {"adam": Adam, "sgd": Sgd}[training.optimizer](parameters, dtype)


def learning_rate(training: Training, step: int) -> float:
    """The learning rate of a step, counted from 0."""
    if training.decay == "linear":
        return training.learning_rate * (1 - step / training.steps)
    if training.decay == "step":
        return training.learning_rate * float(training.decay_factor ** (step // training.decay_interval))
    return training.learning_rate
