"""Planes of rows without values, and what is left of an elementwise operation on them.

The planes of a chunk fall into two groups, those of directions of space and that of time; in each a plane is there, or
it is all zeros and costs nothing (`golden.lowering.lanes` does the same with single planes).
"""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from pinta_hw.spec.formats import SmxFormat
from pinta_hw.spec.isa.elementwise import ElementwiseOperation

from .work import Lanes, Work

_KINDS = ElementwiseOperation
_WIDE = 16


class Stack(NamedTuple):
    """Planes of the same number of rows.

    Parameters
    ----------
    rows, columns : int
        Blocks of a plane.
    bits : int
        Precision.
    counts : tuple of int
        Planes of space, or a single one, and of time.
    present : tuple of bool
        Whether the planes of a group are there, or zeros.
    pieces : int
        Buffers that the planes lie in.
    constant : bool
        One block stands for all.
    """

    rows: int
    columns: int
    bits: int
    counts: tuple[int, int] = (1, 0)
    present: tuple[bool, bool] = (True, True)
    pieces: int = 1
    constant: bool = False

    @property
    def planes(self) -> int:
        """Planes that are there."""
        return sum(count for count, there in zip(self.counts, self.present, strict=True) if there)

    @property
    def row_blocks(self) -> int:
        """Block rows that are there."""
        return self.rows * self.planes

    @property
    def all_row_blocks(self) -> int:
        """Block rows with those of zeros."""
        return self.rows * sum(self.counts)

    @property
    def words(self) -> int:
        """Scratchpad words of what is there."""
        return self.row_blocks * self.columns * SmxFormat(self.bits).planes

    @property
    def segments(self) -> list[int]:
        """Block rows of each buffer."""
        total = self.row_blocks
        return [total // self.pieces] * self.pieces if total else []

    @property
    def singles(self) -> list["Stack"]:
        """Its planes, each as a stack of its own."""
        return [
            Stack(self.rows, self.columns, self.bits, present=(there, there))
            for count, there in zip(self.counts, self.present, strict=True)
            for _ in range(count)
        ]


def zeros(rows: int, columns: int, counts: tuple[int, int] = (1, 0)) -> Stack:
    """Planes that are not there."""
    return Stack(rows, columns, _WIDE, counts, (False, False))


_Reduced = tuple[ElementwiseOperation, tuple[tuple[str, Stack], ...]]


def lanes(work: Counter[Work], kind: ElementwiseOperation, bits: int, **operands: Stack) -> Stack:
    """Record an operation on all planes; operands of one plane serve all the others' planes."""
    like = max(operands.values(), key=lambda stack: sum(stack.counts))
    runs: list[tuple[int, _Reduced]] = []
    present = [False, False]
    for group in range(2):
        count = like.counts[group]
        if not count or not like.rows:
            continue
        left = _reduced(kind, {name: s for name, s in operands.items() if _there(s, group)}, like)
        if left is None:
            continue
        present[group] = True
        if runs and runs[-1][1] == left:
            runs[-1] = runs[-1][0] + count, left
        else:
            runs.append((count, left))
    for count, (what, own) in runs:
        _record(work, what, bits, count, dict(own), like)
    return Stack(like.rows, like.columns, bits, like.counts, (present[0], present[1]))


def _there(stack: Stack, group: int) -> bool:
    return stack.present[group if sum(stack.counts) > 1 or stack.counts[1] else 0]


def _record(
    work: Counter[Work], kind: ElementwiseOperation, bits: int, parts: int, own: Mapping[str, Stack], like: Stack
) -> None:
    squared = kind is not _KINDS.DOT2 and "b" in own and own["a"] is own["b"]
    names = [name for name in own if not (squared and name == "b")]
    repeated = "b" in own and own["b"].constant
    widths = tuple(own[name].bits for name in names)
    work[Lanes(kind, parts, like.rows, like.columns, widths, bits, squared, repeated)] += 1


def _reduced(kind: ElementwiseOperation, there: Mapping[str, Stack], like: Stack) -> _Reduced | None:
    """What is left of an operation where only these operands are no zeros."""
    if kind in (_KINDS.TABLE, _KINDS.ADD_ROW):
        return kind, tuple(there.items())
    products = [pair for pair in (("a", "b"), ("c", "d")) if set(pair) <= there.keys()]
    addends = [name for name in _ADDENDS.get(kind, "") if name in there]
    left = [_constant_last(there[x], there[y]) for x, y in products]
    if len(left) == 2:
        return _KINDS.DOT2, (("a", left[0][0]), ("b", left[0][1]), ("c", left[1][0]), ("d", left[1][1]))
    if left and addends:
        return _KINDS.MULTIPLY_ADD, (("a", left[0][0]), ("b", left[0][1]), ("c", there[addends[0]]))
    if left:
        return _KINDS.MULTIPLY, (("a", left[0][0]), ("b", left[0][1]))
    if len(addends) == 2:
        return _KINDS.ADD, (("a", there["a"]), ("c", there["c"]))
    if addends:
        # A copy is a product with 1.
        return _KINDS.MULTIPLY, (("a", there[addends[0]]), ("b", constant(like)))
    return None


_ADDENDS = {_KINDS.ADD: "ac", _KINDS.MULTIPLY_ADD: "c"}


def constant(like: Stack) -> Stack:
    """A number in place of a tensor."""
    return Stack(like.rows, like.columns, _WIDE, constant=True)


def _constant_last(a: Stack, b: Stack) -> tuple[Stack, Stack]:
    return (b, a) if a.constant else (a, b)


def sum_parts(work: Counter[Work], a: Stack, b: Stack, groups: tuple[bool, bool] = (True, True)) -> Stack:
    """The sum of ``a b`` over the planes of some groups; those that are zeros take no part."""
    like = max((a, b), key=lambda stack: sum(stack.counts))
    parts = sum(like.counts[group] for group in range(2) if groups[group] and _there(a, group) and _there(b, group))
    if not parts or not like.rows:
        return zeros(like.rows, like.columns)
    squared = a is b
    repeated = b.constant and not squared
    bits = (a.bits,) if squared else (a.bits, b.bits)
    work[Lanes(_KINDS.SUM_PARTS, parts, like.rows, like.columns, bits, _WIDE, squared, repeated)] += 1
    return Stack(like.rows, like.columns, _WIDE)
