"""What an estimator of derivatives provides: the planes it carries and its rule at an activation."""

from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from ..arithmetic import Arithmetic
from ..layers import Planes

T = TypeVar("T")


class Estimator(Protocol):
    """An estimator; linear layers treat its planes alike, so only activations need rules."""

    def inputs(
        self, arithmetic: Arithmetic[T], interior: npt.NDArray[np.float64], boundary: npt.NDArray[np.float64]
    ) -> Planes[T]:
        """Planes of the coordinates, for points of shape (N, D) and (B, D)."""

    def activate(self, arithmetic: Arithmetic[T], function: str, y: Planes[T]) -> tuple[Planes[T], T | None]:
        """Planes after the activation, and what the backward rule needs beside ``y``."""

    def activate_backward(
        self, arithmetic: Arithmetic[T], function: str, y: Planes[T], kept: T | None, after: Planes[T]
    ) -> Planes[T]:
        """Gradients before the activation from those after it."""
