"""Tensors without a place: buffers, and the planes in them that operations name."""

from dataclasses import dataclass, field

from pinta_hw.spec.formats import blocks
from pinta_hw.spec.isa.real_memory import REAL_BANKS


@dataclass(eq=False)
class Buffer:
    """A matrix of blocks that will lie in one region of the scratchpad.

    Parameters
    ----------
    name : str
        For people.
    row_blocks, columns, bits : int
        Size and precision.
    value : float, optional
        The value of all lanes; then a single block stands for all.
    """

    name: str
    row_blocks: int
    columns: int
    bits: int
    value: float | None = None
    within: tuple["Buffer", int] | None = None
    """The buffer that this one became a part of, and its first block row there."""

    @property
    def column_blocks(self) -> int:
        """Block columns."""
        return blocks(self.columns)

    @property
    def root(self) -> tuple["Buffer", int]:
        """The buffer that has a place, and the first block row in it."""
        buffer, block = self, 0
        while buffer.within is not None:
            buffer, offset = buffer.within
            block += offset
        return buffer, block


@dataclass(frozen=True)
class Plane:
    """Rows of one role: ``rows`` logical rows from a block row of a buffer on; without a buffer they are zeros."""

    buffer: Buffer | None
    block: int
    rows: int

    @property
    def row_blocks(self) -> int:
        """Block rows."""
        return blocks(self.rows)

    @property
    def is_constant(self) -> bool:
        """Whether one block stands for all."""
        return self.buffer is not None and self.buffer.value is not None


@dataclass(frozen=True)
class Tensor:
    """What the recording arithmetic handles: planes below each other."""

    planes: tuple[Plane, ...]
    columns: int
    bits: int

    @property
    def shape(self) -> tuple[int, int]:
        """As that of `golden.smx.SmxMatrix`: stacked planes count their padding."""
        if len(self.planes) == 1:
            return self.planes[0].rows, self.columns
        return 4 * sum(plane.row_blocks for plane in self.planes), self.columns


@dataclass(frozen=True)
class Region:
    """Block rows of a buffer that an operation reads or writes."""

    buffer: Buffer
    block: int
    count: int

    @property
    def interval(self) -> tuple[Buffer, int, int]:
        """The buffer with a place, and the range of its block rows."""
        root, offset = self.buffer.root
        if root.value is not None:
            return root, 0, 1
        return root, offset + self.block, offset + self.block + self.count


def matched(tensor: Tensor, like: Tensor) -> Tensor:
    """Zeros, or a constant, that were made in one piece, as planes like those of another tensor."""
    if [plane.rows for plane in tensor.planes] == [plane.rows for plane in like.planes]:
        return tensor
    found: list[Plane] = []
    others = list(like.planes)
    for plane in tensor.planes:
        taken: list[Plane] = []
        while others and sum(other.row_blocks for other in [*taken, others[0]]) <= plane.row_blocks:
            taken.append(others.pop(0))
        made_whole = plane.buffer is None or plane.is_constant
        found += [Plane(plane.buffer, 0, other.rows) for other in taken] if made_whole and len(taken) > 1 else [plane]
    return Tensor(tuple(found), tensor.columns, tensor.bits)


def join(name: str, planes: list[Plane]) -> None:
    """Make a buffer that holds planes below each other; the buffers that they fill have their places in it from now on.

    Raises
    ------
    AssertionError
        If the planes are not all of the buffers that they lie in, in order, or are constants.
    """
    first = planes[0].buffer
    assert first is not None
    joined = Buffer(name, sum(plane.row_blocks for plane in planes), first.columns, first.bits)
    block = 0
    for segment in _segments(planes):
        assert segment[0].buffer is not None
        root, _ = segment[0].buffer.root
        assert _is_whole(segment), f"{name}: joins a part of {root.name}"
        root.within = (joined, block)
        block += root.row_blocks


def joinable(planes: list[Plane]) -> bool:
    """Whether planes lie below each other, or can be made to (`join`)."""
    return contiguous(planes) or all(_is_whole(segment) or planes[0].is_constant for segment in _segments(planes))


def _segments(planes: list[Plane]) -> list[list[Plane]]:
    """The planes cut where they stop lying below each other."""
    segments: list[list[Plane]] = []
    for plane in planes:
        if segments and contiguous([segments[-1][-1], plane]):
            segments[-1].append(plane)
        else:
            segments.append([plane])
    return segments


def _is_whole(segment: list[Plane]) -> bool:
    assert segment[0].buffer is not None
    root, offset = segment[0].buffer.root
    count = sum(plane.row_blocks for plane in segment)
    return root.value is None and (offset + segment[0].block, count) == (0, root.row_blocks)


def contiguous(planes: list[Plane]) -> bool:
    """Whether the planes lie below each other in one buffer."""
    expected: tuple[Buffer, int] | None = None
    for plane in planes:
        assert plane.buffer is not None
        root, offset = plane.buffer.root
        if expected is not None and expected != (root, offset + plane.block):
            return False
        expected = root, offset + plane.block + plane.row_blocks
    return True


@dataclass(eq=False)
class RealBuffer:
    """FP32 words that will lie together in the real memory."""

    name: str
    words: int
    parameter: str | None = None
    """The parameter whose master weights these are."""
    gradient_of: str | None = None
    """The parameter whose gradient this is."""
    number: int = field(default=0)
    """Names it in addresses (`golden.lowering.reals`)."""

    @property
    def beats(self) -> int:
        """Rows of the real memory that it takes, each a beat of a transfer."""
        return -(-self.words // REAL_BANKS)
