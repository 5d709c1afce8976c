"""Where FP32 numbers lie: the real memory.

It has `REAL_GROUPS` groups of four single-port banks of 32 bits; word ``w`` of a group is in bank ``w % 4``, row
``w // 4``, and addresses run through one group after the other. Four consecutive words, wherever they begin, are one
access. The groups hold, at equal offsets, a parameter's master weight, first moment, second moment and gradient.
"""

from dataclasses import dataclass
from enum import IntEnum

REAL_BANKS = 4
"""Words of one access."""


class RealGroup(IntEnum):
    """What the parameters' region of each group holds."""

    WEIGHT = 0
    FIRST_MOMENT = 1
    SECOND_MOMENT = 2
    GRADIENT = 3


REAL_GROUPS = len(RealGroup)


@dataclass(frozen=True)
class RealView:
    """A matrix of FP32 words, seen as one of ``rows`` x ``columns`` elements.

    Element ``(i, j)`` is the word ``base + (i // inner_rows) * outer_row_stride + (i % inner_rows) * row_stride
    + (j // inner_columns) * outer_column_stride + j % inner_columns``: neighbours in a row are neighbours in memory as
    far as ``inner_columns`` reaches.
    """

    base: int
    rows: int
    columns: int
    row_stride: int
    inner_rows: int
    outer_row_stride: int
    inner_columns: int
    outer_column_stride: int

    @staticmethod
    def matrix(base: int, rows: int, columns: int) -> "RealView":
        """Row-major, without gaps."""
        return RealView(base, rows, columns, columns, rows, rows * columns, columns, columns)

    def word(self, row: int, column: int) -> int:
        """Address of an element."""
        outer_row, inner_row = divmod(row, self.inner_rows)
        outer_column, inner_column = divmod(column, self.inner_columns)
        return (
            self.base
            + outer_row * self.outer_row_stride
            + inner_row * self.row_stride
            + outer_column * self.outer_column_stride
            + inner_column
        )
