"""Other matrices of the same elements: what lies between the cores of a tensor train."""

import math
from dataclasses import dataclass

import numpy.typing as npt


@dataclass(frozen=True)
class Layout:
    """Elements in row-major order cut into axes and reordered; the first axes make the rows, the rest the columns.

    Parameters
    ----------
    axes : tuple of int
        Lengths; one of them may be -1, for what is left.
    order : tuple of int
        The axes in their new order.
    row_axes : int
        How many of the reordered axes make the rows.
    """

    axes: tuple[int, ...]
    order: tuple[int, ...]
    row_axes: int

    def apply(self, matrix: npt.NDArray) -> npt.NDArray:
        """The rearranged matrix of an array of shape (rows, columns)."""
        tensor = matrix.reshape(self.axes).transpose(self.order)
        return tensor.reshape(math.prod(tensor.shape[: self.row_axes]), math.prod(tensor.shape[self.row_axes :]))
