"""Arithmetics that training runs in: SMX as the accelerator computes, and floating point."""

from collections.abc import Callable
from typing import Any

import numpy as np

from pinta_hw.spec.experiment import Precision

from ..trace import GemmTrace
from .floating import FloatArithmetic
from .interface import Arithmetic, Role
from .smx import SmxArithmetic

__all__ = ["Arithmetic", "FloatArithmetic", "Role", "SmxArithmetic", "make_arithmetic"]


def make_arithmetic(precision: Precision, on_gemm: Callable[[GemmTrace], None] | None = None) -> Arithmetic[Any]:
    """The arithmetic that an experiment names; only SMX reports its products to ``on_gemm``."""
    if precision.arithmetic == "smx":
        return SmxArithmetic(precision, on_gemm)
    return FloatArithmetic(np.float32 if precision.arithmetic == "fp32" else np.float64)
