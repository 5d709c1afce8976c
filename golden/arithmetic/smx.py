"""The arithmetic of the accelerator: SMX products and SMX-16 elementwise work, bit-exact."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.experiment import Precision
from pinta_hw.spec.formats import BLOCK_SIDE, blocks

from .. import elementwise, tables
from ..accumulators import Accumulators
from ..gemm import accumulate
from ..quantize import quantize
from ..real import Reals, rounded
from ..smx import SmxMatrix
from ..trace import GemmTrace
from .interface import Arithmetic, Role

ELEMENTWISE_BITS = 16


class SmxArithmetic(Arithmetic[SmxMatrix]):
    """Operations on SMX matrices.

    Parameters
    ----------
    precision : Precision
        Mantissa bits of each role.
    on_gemm : callable, optional
        Told of every product.
    """

    dtype = np.float32

    def __init__(self, precision: Precision, on_gemm: Callable[[GemmTrace], None] | None = None) -> None:
        self._precision = precision
        self._on_gemm = on_gemm
        self._bits = {
            role: ELEMENTWISE_BITS if role is Role.ELEMENTWISE else precision.bits_of(role.value) for role in Role
        }

    def for_layer(self, index: int, layers: int) -> "SmxArithmetic":
        precision = self._precision.for_layer(index, layers)
        return self if precision is self._precision else SmxArithmetic(precision, self._on_gemm)

    def encode(self, values: npt.ArrayLike, role: Role) -> SmxMatrix:
        return quantize(values, self._bits[role])

    def decode(self, tensor: SmxMatrix) -> Reals:
        return rounded(tensor.dequantize(), self.dtype)

    def shape(self, tensor: SmxMatrix) -> tuple[int, int]:
        return tensor.shape

    def alike(self, a: SmxMatrix, b: SmxMatrix) -> bool:
        return a.bits == b.bits

    def stack(self, planes: Sequence[SmxMatrix]) -> SmxMatrix:
        assert len({plane.bits for plane in planes}) == 1
        mantissas = np.concatenate([plane.mantissas for plane in planes])
        exponents = np.concatenate([plane.exponents for plane in planes])
        return SmxMatrix(mantissas, exponents, planes[0].bits, (mantissas.shape[0], planes[0].shape[1]))

    def split(self, stacked: SmxMatrix, rows: Sequence[int]) -> list[SmxMatrix]:
        planes, block = [], 0
        for count in rows:
            after = block + blocks(count)
            mantissas = stacked.mantissas[BLOCK_SIDE * block : BLOCK_SIDE * after]
            planes.append(SmxMatrix(mantissas, stacked.exponents[block:after], stacked.bits, (count, stacked.shape[1])))
            block = after
        return planes

    def gemm(
        self,
        name: str,
        a: SmxMatrix,
        b: SmxMatrix,
        role: Role,
        *,
        a_transposed: bool = False,
        b_transposed: bool = False,
    ) -> SmxMatrix:
        accumulators, bits = _accumulate(a, b, a_transposed, b_transposed), self._bits[role]
        result = accumulators.quantize(bits)
        if self._on_gemm is not None:
            self._on_gemm(GemmTrace(name, a, b, a_transposed, b_transposed, bits, result, accumulators))
        return result

    def contract(
        self, name: str, a: SmxMatrix, b: SmxMatrix, *, a_transposed: bool = False, b_transposed: bool = False
    ) -> Reals:
        accumulators = _accumulate(a, b, a_transposed, b_transposed)
        if self._on_gemm is not None:
            result = accumulators.quantize(ELEMENTWISE_BITS)
            self._on_gemm(GemmTrace(name, a, b, a_transposed, b_transposed, result.bits, result, accumulators))
        return rounded(accumulators.to_float(), self.dtype)

    def add_row(self, a: SmxMatrix, row: SmxMatrix, role: Role) -> SmxMatrix:
        return elementwise.add_row(a, row, self._bits[role])

    def add(self, a: SmxMatrix, b: SmxMatrix, role: Role) -> SmxMatrix:
        return elementwise.add(a, b, self._bits[role])

    def multiply(self, a: SmxMatrix, b: SmxMatrix, role: Role, *, doubled: bool = False) -> SmxMatrix:
        return elementwise.multiply(a, b, self._bits[role], doubled)

    def multiply_add(self, a: SmxMatrix, b: SmxMatrix, c: SmxMatrix, role: Role) -> SmxMatrix:
        return elementwise.multiply_add(a, b, c, self._bits[role])

    def dot2(self, a: SmxMatrix, b: SmxMatrix, c: SmxMatrix, d: SmxMatrix, role: Role) -> SmxMatrix:
        return elementwise.dot2(a, b, c, d, self._bits[role])

    def sum_parts(self, a: SmxMatrix, b: SmxMatrix, rows: Sequence[int], role: Role) -> SmxMatrix:
        pairs = list(zip(self.split(a, rows), self.split(b, rows), strict=True))
        return elementwise.sum_parts(pairs, self._bits[role])

    def activate(self, function: str, order: int, y: SmxMatrix, role: Role) -> SmxMatrix:
        return tables.activate(function, order, y, self._bits[role])


def _accumulate(a: SmxMatrix, b: SmxMatrix, a_transposed: bool, b_transposed: bool) -> Accumulators:
    return accumulate(a.T if a_transposed else a, b.T if b_transposed else b)
