"""The scratchpad's content as arrays: what the host writes before a program and reads after it."""

import numpy as np
import numpy.typing as npt

from golden.planes import digit_planes, from_digit_planes
from golden.smx import SmxMatrix
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.layout import TensorLayout


class ScratchpadImage:
    """Digit planes and exponents of every word, and which words were written.

    Attributes
    ----------
    planes : uint64 array, shape (words of the scratchpad,)
    exponents : uint8 array, same shape
    written : bool array, same shape
    """

    def __init__(self, config: AcceleratorConfig):
        shape = config.scratchpad_words
        self.planes = np.zeros(shape, dtype=np.uint64)
        self.exponents = np.zeros(shape, dtype=np.uint8)
        self.written = np.zeros(shape, dtype=np.bool_)

    def store(self, layout: TensorLayout, matrix: SmxMatrix) -> None:
        """Put a matrix where ``layout`` says."""
        assert matrix.bits == layout.bits, (matrix.bits, layout.bits)
        words = _words(layout)
        self.planes[words] = digit_planes(matrix)
        self.exponents[words] = matrix.exponents
        self.written[words] = True

    def load(self, layout: TensorLayout, shape: tuple[int, int]) -> SmxMatrix:
        """The matrix of logical ``shape`` at ``layout``; every plane must carry the same exponents."""
        words = _words(layout)
        exponents = self.exponents[words]
        if not (exponents == exponents[0]).all():
            raise AssertionError(f"planes of one block carry different exponents, in {layout}")
        return from_digit_planes(self.planes[words], exponents[0], shape)


def _words(layout: TensorLayout) -> npt.NDArray[np.int64]:
    """Word indices, shape (planes, row blocks, column blocks)."""
    planes = np.arange(layout.bits // 4)[:, None, None] * layout.plane_stride
    rows = np.arange(layout.row_blocks)[None, :, None] * layout.row_stride
    columns = np.arange(layout.column_blocks)[None, None, :] * layout.column_stride
    return layout.base + planes + rows + columns
