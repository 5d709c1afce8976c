"""Runs FP32 programs (pinta_hw/spec/real.py); in float64 the same programs serve as a reference."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.real import RealOperation, RealProgram

Reals = npt.NDArray[np.floating]

_FUNCTIONS = {
    RealOperation.ADD: np.add,
    RealOperation.SUBTRACT: np.subtract,
    RealOperation.MULTIPLY: np.multiply,
    RealOperation.DIVIDE: np.divide,
    RealOperation.SQUARE_ROOT: np.sqrt,
}


def flush(values: Reals) -> Reals:
    """Subnormals become zeros of their sign."""
    return np.where(np.abs(values) < np.finfo(values.dtype).tiny, np.copysign(values.dtype.type(0), values), values)


def _with_one_nan(values: Reals) -> Reals:
    """Every NaN as the positive quiet one without payload; processors differ in what they make."""
    return np.where(np.isnan(values), values.dtype.type(np.nan), values)


def rounded(values: npt.NDArray[np.float64], dtype: npt.DTypeLike) -> Reals:
    """Float64 values rounded to nearest even in ``dtype`` and flushed; too large ones become infinite."""
    with np.errstate(over="ignore", under="ignore"):
        return flush(values.astype(dtype))


def run_program(program: RealProgram, inputs: Mapping[str, Reals]) -> dict[str, Reals]:
    """All registers after the program; inputs are arrays or scalars of one dtype, which broadcast.

    NaN and infinity propagate as IEEE 754 states, without warnings.
    """
    registers = {name: flush(values) for name, values in inputs.items()}
    with np.errstate(all="ignore"):
        for step in program:
            function = _FUNCTIONS[step.operation]
            result = np.asarray(function(*(registers[name] for name in step.operands)))
            registers[step.result] = flush(_with_one_nan(result))
    return registers
