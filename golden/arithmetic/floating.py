"""The same operations in floating point: the reference that the quantized training is compared with."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..real import Reals
from .interface import Arithmetic, Role


class FloatArithmetic(Arithmetic[Reals]):
    """Operations on float arrays; roles make no difference.

    Parameters
    ----------
    dtype : type
        ``np.float32`` or ``np.float64``.
    """

    def __init__(self, dtype: type[np.floating]) -> None:
        self.dtype = dtype

    def encode(self, values: npt.ArrayLike, role: Role) -> Reals:
        return np.asarray(values, dtype=self.dtype)

    def decode(self, tensor: Reals) -> Reals:
        return tensor

    def shape(self, tensor: Reals) -> tuple[int, int]:
        return tensor.shape[0], tensor.shape[1]

    def stack(self, planes: Sequence[Reals]) -> Reals:
        return np.concatenate(planes)

    def split(self, stacked: Reals, rows: Sequence[int]) -> list[Reals]:
        return np.split(stacked, np.cumsum(rows)[:-1])

    def gemm(
        self,
        name: str,
        a: Reals,
        b: Reals,
        role: Role,
        *,
        a_transposed: bool = False,
        b_transposed: bool = False,
    ) -> Reals:
        return self.contract(name, a, b, a_transposed=a_transposed, b_transposed=b_transposed)

    def contract(
        self, name: str, a: Reals, b: Reals, *, a_transposed: bool = False, b_transposed: bool = False
    ) -> Reals:
        return (a.T if a_transposed else a) @ (b.T if b_transposed else b)

    def add_row(self, a: Reals, row: Reals, role: Role) -> Reals:
        return a + row

    def add(self, a: Reals, b: Reals, role: Role) -> Reals:
        return a + b

    def multiply(self, a: Reals, b: Reals, role: Role, *, doubled: bool = False) -> Reals:
        product = a * b
        return product + product if doubled else product

    def multiply_add(self, a: Reals, b: Reals, c: Reals, role: Role) -> Reals:
        return a * b + c

    def dot2(self, a: Reals, b: Reals, c: Reals, d: Reals, role: Role) -> Reals:
        return a * b + c * d

    def sum_parts(self, a: Reals, b: Reals, rows: Sequence[int], role: Role) -> Reals:
        first, *others = self.split(a * b, rows)
        for part in others:
            first = first + part
        return first

    def activate(self, function: str, order: int, y: Reals, role: Role) -> Reals:
        return _DERIVATIVES[function](order, y.astype(np.float64)).astype(self.dtype)


def _tanh(order: int, y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    t = np.tanh(y)
    if order == 0:
        return t
    u = 1 - t * t
    if order == 1:
        return u
    factor = -2 * t if order == 2 else 6 * t * t - 2 if order == 3 else 16 * t - 24 * t**3
    return factor * u


def _sin(order: int, y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    value = np.cos(y) if order % 2 else np.sin(y)
    return -value if order in (2, 3) else value


def _gelu(order: int, y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    density = np.exp(-y * y / 2) / math.sqrt(2 * math.pi)
    if order >= 2:
        polynomial = 2 - y**2 if order == 2 else y**3 - 4 * y if order == 3 else -(y**4) + 7 * y**2 - 4
        return polynomial * density
    cumulative = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in y.ravel()]).reshape(y.shape)
    return y * cumulative if order == 0 else cumulative + y * density


_DERIVATIVES = {"tanh": _tanh, "sin": _sin, "gelu": _gelu}
