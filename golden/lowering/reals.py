"""Real numbers without values: arrays of addresses.

In a recorded step an array of real numbers is an int64 array of the same shape that holds, for each element, where it
will lie. Reshaping and transposing it is then NumPy's own work.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.isa.real_memory import RealView

from .tensors import RealBuffer

Addresses = npt.NDArray[Any]
_OFFSET_BITS = 32


@dataclass
class RealSpace:
    """All real buffers of a program."""

    buffers: list[RealBuffer] = field(default_factory=list)

    def new(self, name: str, shape: tuple[int, ...], parameter: str | None = None) -> Addresses:
        """Addresses of a new buffer, row-major."""
        words = int(np.prod(shape, dtype=np.int64))
        buffer = RealBuffer(name, words, parameter, number=len(self.buffers))
        self.buffers.append(buffer)
        return (np.int64(buffer.number) << _OFFSET_BITS) + np.arange(words, dtype=np.int64).reshape(shape)

    def buffer_of(self, address: int) -> tuple[RealBuffer, int]:
        """The buffer of an address and the word in it."""
        return self.buffers[address >> _OFFSET_BITS], address & ((1 << _OFFSET_BITS) - 1)

    def whole(self, addresses: Addresses) -> RealBuffer | None:
        """The buffer whose words these are, all of them and in order; otherwise None."""
        flat = addresses.reshape(-1)
        buffer, offset = self.buffer_of(int(flat[0]))
        in_order = offset == 0 and len(flat) == buffer.words and np.array_equal(flat, flat[0] + np.arange(len(flat)))
        return buffer if in_order else None


def runs(addresses: Addresses) -> list[Addresses]:
    """The addresses cut into runs of consecutive ones."""
    flat = addresses.reshape(-1)
    return np.split(flat, np.flatnonzero(np.diff(flat) != 1) + 1)


def view_of(addresses: Addresses) -> RealView:
    """The matrix of addresses as the converter walks it; its base is the first address.

    Raises
    ------
    AssertionError
        If it is no such walk.
    """
    rows, columns = addresses.shape
    base = int(addresses[0, 0])
    inner_columns, outer_column_stride = _two_levels(addresses[0] - base, 1)
    row_stride = int(addresses[1, 0]) - base if rows > 1 else columns
    inner_rows, outer_row_stride = _two_levels(addresses[:, 0] - base, row_stride)
    view = RealView(base, rows, columns, row_stride, inner_rows, outer_row_stride, inner_columns, outer_column_stride)
    i, j = np.arange(rows)[:, None], np.arange(columns)[None, :]
    walked = (
        base
        + (i // inner_rows) * outer_row_stride
        + (i % inner_rows) * row_stride
        + (j // inner_columns) * outer_column_stride
        + j % inner_columns
    )
    assert np.array_equal(walked, addresses), "real numbers in an order that the converter does not walk"
    return view


def _two_levels(offsets: Addresses, stride: int) -> tuple[int, int]:
    """Length of the first run of ``stride`` and the distance from one run to the next."""
    breaks = np.flatnonzero(np.diff(offsets) != stride)
    if not len(breaks):
        return len(offsets), len(offsets) * stride
    inner = int(breaks[0]) + 1
    return inner, int(offsets[inner])
