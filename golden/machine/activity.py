"""Counts the zeros that a program multiplies by."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.activity import MOST, Activity
from pinta_hw.spec.digits import steps
from pinta_hw.spec.formats import BLOCK_SIDE, DIGIT_BITS, SmxFormat
from pinta_hw.spec.isa.gemm import Gemm
from pinta_hw.spec.isa.instruction import Instruction

from ..smx import SmxMatrix
from .machine import Machine

_BYTE_BITS = 2 * DIGIT_BITS


def executed_activities(machine: Machine, instructions: Iterable[Instruction], step: int) -> list[Activity]:
    """Execute a section: of each instruction the shares of its product, `MOST` where it is none."""
    found = []
    for instruction in instructions:
        operation = instruction.operation
        found.append(product_activity(*machine.operands(operation)) if isinstance(operation, Gemm) else MOST)
        machine.execute(operation, step)
    return found


def product_activity(a: SmxMatrix, b: SmxMatrix) -> Activity:
    """The shares of ``A B``, padding included.

    Parameters
    ----------
    a, b : SmxMatrix
        Shapes (M, K) and (K, N).
    """
    bytes_of_b = SmxFormat(b.bits).byte_planes
    # The digits of A and the bytes of B that a step multiplies; those of B begin at the top.
    aligned = b.mantissas << (_BYTE_BITS * bytes_of_b - b.bits)
    a_counts = [_not_zero(a.mantissas, DIGIT_BITS, plane).sum(axis=0) for plane in range(a.format.planes)]
    b_counts = [_not_zero(aligned, _BYTE_BITS, byte).sum(axis=1) for byte in range(bytes_of_b)]
    order = steps(a.bits, b.bits)
    products = len(order) * a.mantissas.shape[0] * a.mantissas.shape[1] * b.mantissas.shape[1]
    live = sum(int(a_counts[step.a_plane] @ b_counts[step.b_byte]) for step in order)
    a_blocks, b_blocks = _blocks_not_zero(a), _blocks_not_zero(b)
    pairs = a_blocks.shape[0] * a_blocks.shape[1] * b_blocks.shape[1]
    return Activity(live / products, int(a_blocks.sum(axis=0) @ b_blocks.sum(axis=1)) / pairs)


def _not_zero(mantissas: npt.NDArray[np.int32], bits: int, place: int) -> npt.NDArray[np.bool_]:
    mask = (1 << bits) - 1
    return (mantissas >> (bits * place)) & mask != 0


def _blocks_not_zero(matrix: SmxMatrix) -> npt.NDArray[np.bool_]:
    rows, columns = matrix.exponents.shape
    tiles = matrix.mantissas.reshape(rows, BLOCK_SIDE, columns, BLOCK_SIDE)
    return np.asarray(tiles.any(axis=(1, 3)))
