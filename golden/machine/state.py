"""What the machine's memories hold."""

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.formats import BLOCK_SIDE, SmxFormat
from pinta_hw.spec.isa.elementwise import Elementwise, Walk
from pinta_hw.spec.layout import TensorLayout

from ..planes import digit_planes, from_digit_planes
from ..smx import SmxMatrix

Words = npt.NDArray[np.int64]


class Scratchpad:
    """Digit planes and exponents of every word.

    Attributes
    ----------
    planes : uint64 array, shape (words,)
    exponents : uint8 array, same shape
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self.planes = np.zeros(config.scratchpad_words, np.uint64)
        self.exponents = np.zeros(config.scratchpad_words, np.uint8)

    def load(self, words: Words, shape: tuple[int, int]) -> SmxMatrix:
        """The matrix of logical ``shape`` in ``words``, shape (planes, row blocks, column blocks).

        Raises
        ------
        AssertionError
            If the planes of a block carry different exponents.
        """
        exponents = self.exponents[words]
        assert (exponents == exponents[0]).all(), "planes of one block carry different exponents"
        return from_digit_planes(self.planes[words], exponents[0], shape)

    def store(self, words: Words, matrix: SmxMatrix) -> None:
        """Put a matrix into ``words``, shape (planes, row blocks, column blocks)."""
        self.planes[words] = digit_planes(matrix)
        self.exponents[words] = matrix.exponents


def layout_words(layout: TensorLayout) -> Words:
    """Word indices of a layout, shape (planes, row blocks, column blocks)."""
    planes = np.arange(SmxFormat(layout.bits).planes)[:, None, None] * layout.plane_stride
    rows = np.arange(layout.row_blocks)[None, :, None] * layout.row_stride
    columns = np.arange(layout.column_blocks)[None, None, :] * layout.column_stride
    return layout.base + planes + rows + columns


def layout_shape(layout: TensorLayout) -> tuple[int, int]:
    """Rows and columns with all padding."""
    return BLOCK_SIDE * layout.row_blocks, BLOCK_SIDE * layout.column_blocks


def walk_words(instruction: Elementwise, walk: Walk, part: int, *, repeated: bool = False) -> Words:
    """Word indices of one part of a walked tensor, shape (planes, row blocks, column blocks)."""
    outer = np.arange(instruction.outer_blocks)[:, None] * (0 if repeated else walk.outer_stride)
    inner = np.arange(instruction.inner_blocks)[None, :] * (0 if repeated else walk.inner_stride)
    blocks = outer + inner + (0 if repeated else part * walk.part_stride)
    planes = np.arange(SmxFormat(walk.bits).planes)[:, None, None] * walk.plane_stride
    words = walk.base + planes + (blocks.T if instruction.inner_is_rows else blocks)[None]
    return np.broadcast_to(words, (planes.shape[0], *words.shape[1:]))


def walk_shape(instruction: Elementwise) -> tuple[int, int]:
    """Logical shape of one part."""
    blocks = instruction.outer_blocks, instruction.inner_blocks
    rows, columns = blocks[::-1] if instruction.inner_is_rows else blocks
    return BLOCK_SIDE * (rows - 1) + instruction.last_row + 1, BLOCK_SIDE * (columns - 1) + instruction.last_column + 1
