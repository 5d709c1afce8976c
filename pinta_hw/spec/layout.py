"""Where a tensor's digit planes lie in the scratchpad.

Block ``(i, j)``, plane ``p`` is the word ``base + i*row_stride + j*column_stride + p*plane_stride``; word
``w`` is in row ``w // banks``, bank ``w % banks``, and ``words`` rows make a group. Both block strides are odd
and the plane stride is ``banks / 2`` modulo ``banks``. A walk of ``banks`` blocks along a row or a column
therefore touches every bank once, and so does a walk of ``banks / 2`` blocks of which two neighbouring
planes are taken: either operand can be read from any place, transposed or not, without a bank conflict.
"""

from dataclasses import dataclass

from .config import AcceleratorConfig
from .errors import UserError
from .formats import SmxFormat, blocks


@dataclass(frozen=True)
class TensorLayout:
    """A matrix of SMX-``bits`` blocks; base and strides count words."""

    base: int
    row_blocks: int
    column_blocks: int
    bits: int
    row_stride: int
    column_stride: int
    plane_stride: int

    @property
    def words(self) -> int:
        """Words from the base to the last one used, inclusive."""
        return self.word(self.row_blocks - 1, self.column_blocks - 1, SmxFormat(self.bits).planes - 1) - self.base + 1

    def groups(self, config: AcceleratorConfig) -> range:
        """Scratchpad groups that the matrix touches."""
        return range(self.base // config.group_words, (self.base + self.words - 1) // config.group_words + 1)

    def word(self, row: int, column: int, plane: int) -> int:
        """Word index of one digit plane of block ``(row, column)``."""
        return self.base + row * self.row_stride + column * self.column_stride + plane * self.plane_stride

    def transposed(self) -> "TensorLayout":
        """The same words seen as the transposed matrix (inside blocks, the operand port transposes)."""
        return TensorLayout(
            self.base,
            self.column_blocks,
            self.row_blocks,
            self.bits,
            self.column_stride,
            self.row_stride,
            self.plane_stride,
        )


def place(config: AcceleratorConfig, base: int, rows: int, columns: int, bits: int) -> TensorLayout:
    """Lay out a ``rows`` x ``columns`` matrix (elements) from word ``base`` on, in the tighter of two orders.

    Raises
    ------
    UserError
        If the matrix is empty or does not fit behind ``base``.
    """
    row_blocks, column_blocks = blocks(rows), blocks(columns)
    if row_blocks < 1 or column_blocks < 1:
        raise UserError(f"shape: {rows} x {columns} is empty; allowed: 1 or more rows and columns")
    by_rows = ((column_blocks | 1), 1)
    by_columns = (1, (row_blocks | 1))
    row_stride, column_stride = min(
        by_rows, by_columns, key=lambda s: (row_blocks - 1) * s[0] + (column_blocks - 1) * s[1]
    )
    extent = (row_blocks - 1) * row_stride + (column_blocks - 1) * column_stride + 1
    half = config.banks // 2
    plane_stride = extent + (half - extent) % config.banks
    layout = TensorLayout(base, row_blocks, column_blocks, bits, row_stride, column_stride, plane_stride)
    if base < 0 or base + layout.words > config.scratchpad_words:
        raise UserError(
            f"matrix: {rows} x {columns} SMX-{bits} needs {layout.words} words from {base} on; "
            f"allowed: {config.scratchpad_words} words ({config.name})"
        )
    return layout
