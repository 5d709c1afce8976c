"""Adam on master weights, as pinta_hw/spec/real.py states it."""

import math

import numpy as np

from pinta_hw.spec.real import ADAM

from .layers import Parameters
from .real import Reals, run_program

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class Adam:
    """Master weights and their moments.

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
        self._m = {name: np.zeros_like(value) for name, value in self.parameters.items()}
        self._v = {name: np.zeros_like(value) for name, value in self.parameters.items()}
        self._beta1_power = self._beta2_power = 1.0
        self._constants = {
            "beta1": np.asarray(BETA1, dtype),
            "one_minus_beta1": np.asarray(1 - BETA1, dtype),
            "beta2": np.asarray(BETA2, dtype),
            "one_minus_beta2": np.asarray(1 - BETA2, dtype),
        }

    def step(self, gradients: Parameters, learning_rate: float) -> None:
        """Update all parameters; the step's constants are float64 products, rounded once."""
        self._beta1_power *= BETA1
        self._beta2_power *= BETA2
        correction = math.sqrt(1 - self._beta2_power)
        constants = self._constants | {
            "rate": np.asarray(learning_rate * correction / (1 - self._beta1_power), self._dtype),
            "epsilon": np.asarray(EPSILON * correction, self._dtype),
        }
        for name, w in self.parameters.items():
            inputs = {"w": w, "m": self._m[name], "v": self._v[name], "g": gradients[name]}
            after = run_program(ADAM, constants | inputs)
            self.parameters[name], self._m[name], self._v[name] = after["w"], after["m"], after["v"]
