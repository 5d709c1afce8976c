"""The rules of the estimators at an activation (`golden.estimators`): what they compute on the rows of a chunk."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from pinta_hw.spec.experiment import Precision
from pinta_hw.spec.isa.elementwise import ElementwiseOperation

from .slopes import Slopes
from .stack import Stack, lanes, sum_parts, zeros
from .work import Work

_KINDS = ElementwiseOperation
_WIDE = 16
Counts = tuple[int, int]
Pair = tuple[Stack, Stack]


class WayBack(NamedTuple):
    """What reaches an activation on the way back.

    Parameters
    ----------
    y, after : sequence of Stack
        Rows before it, and gradients of those after it.
    counts : (int, int)
        Planes of each group.
    bend : Stack or None
        What the row of the Laplacian sends to each direction.
    bits : int
        Of the gradients before it.
    """

    y: Sequence[Stack]
    after: Sequence[Stack]
    counts: Counts
    bend: Stack | None
    bits: int


class Rules(Protocol):
    """An estimator."""

    laplacian_row: bool
    """Whether the Laplacian is a row of its own."""
    needs_value: bool
    """Whether differences from the base's output are taken."""
    holds_values: bool
    """Whether its rows are values, which a bias reaches."""
    planes_of: dict[str, int]
    """Planes that an output takes with weights, by its kind."""

    def rows(self, plane: Stack, counts: Counts) -> list[Stack]:
        """Inputs of a chunk; ``plane`` is a single one."""

    def activate(
        self, work: Counter[Work], slopes: Slopes, y: Sequence[Stack], counts: Counts, above: Precision
    ) -> list[Stack]:
        """Rows after an activation."""

    def activate_backward(self, work: Counter[Work], slopes: Slopes, way: WayBack) -> tuple[list[Stack], list[Stack]]:
        """Gradients before an activation, and sums over the directions."""

    def base_terms(self, slopes: Slopes, sums: Sequence[Stack]) -> list[Pair]:
        """What the directions add to the gradient of the base rows."""

    def weights(self, outputs: Mapping[str, int]) -> list[Counts]:
        """Of how many outputs a row's gradient is a sum: for each plane, on rows of space and on that of time.

        ``outputs`` has how many of each kind take a row.
        """


def sum_products(work: Counter[Work], pairs: Sequence[Pair], bits: int) -> Stack:
    """The sum of ``a b`` over the pairs: two at once, then one by one."""
    *before, (a, b) = pairs
    if not before:
        return lanes(work, _KINDS.MULTIPLY, bits, a=a, b=b)
    if len(before) == 1:
        return lanes(work, _KINDS.DOT2, bits, a=before[0][0], b=before[0][1], c=a, d=b)
    return lanes(work, _KINDS.MULTIPLY_ADD, bits, a=a, b=b, c=sum_products(work, before, _WIDE))


class Jet:
    """Second-order Taylor mode."""

    laplacian_row, needs_value, holds_values = True, False, False
    planes_of = {"direction": 1, "time": 1}

    def rows(self, plane: Stack, counts: Counts) -> list[Stack]:
        return [plane._replace(counts=counts)]

    def activate(
        self, work: Counter[Work], slopes: Slopes, y: Sequence[Stack], counts: Counts, above: Precision
    ) -> list[Stack]:
        slope = slopes.over(slopes(1), counts)
        return [lanes(work, _KINDS.MULTIPLY, above.bits_of("a_rows"), a=slope, b=y[0])]

    def activate_backward(self, work: Counter[Work], slopes: Slopes, way: WayBack) -> tuple[list[Stack], list[Stack]]:
        slope = slopes.over(slopes(1), way.counts)
        sums = [sum_parts(work, way.after[0], way.y[0])]
        if way.bend is None:
            return [lanes(work, _KINDS.MULTIPLY, way.bits, a=slope, b=way.after[0])], sums
        weight = way.bend._replace(counts=way.counts, present=(True, False))
        return [lanes(work, _KINDS.DOT2, way.bits, a=slope, b=way.after[0], c=weight, d=way.y[0])], sums

    def base_terms(self, slopes: Slopes, sums: Sequence[Stack]) -> list[Pair]:
        return [(slopes(2), sums[0])]

    def weights(self, outputs: Mapping[str, int]) -> list[Counts]:
        return [(outputs["direction"], outputs["time"])]


class DiffQuant:
    """Differences, both signs."""

    laplacian_row, needs_value, holds_values = False, False, False
    planes_of = {"direction": 2, "time": 2, "laplacian": 2}

    def rows(self, plane: Stack, counts: Counts) -> list[Stack]:
        return [plane._replace(counts=counts) for _ in range(2)]

    def activate(
        self, work: Counter[Work], slopes: Slopes, y: Sequence[Stack], counts: Counts, above: Precision
    ) -> list[Stack]:
        factors = [slopes.over(slopes(n, d), counts) for n, d in ((1, 1), (2, 2), (3, 6))]
        after = []
        for e in y:
            square = lanes(work, _KINDS.MULTIPLY, _WIDE, a=e, b=e)
            cube = lanes(work, _KINDS.MULTIPLY, _WIDE, a=e, b=_other(square))
            pairs = list(zip(factors, (e, square, cube), strict=True))
            after.append(sum_products(work, pairs, above.bits_of("a_rows")))
        return after

    def activate_backward(self, work: Counter[Work], slopes: Slopes, way: WayBack) -> tuple[list[Stack], list[Stack]]:
        first, second, third = (slopes.over(slopes(n, d), way.counts) for n, d in ((1, 1), (2, 1), (3, 2)))
        before = []
        powers: list[list[Pair]] = [[], [], []]
        for e, g in zip(way.y, way.after, strict=True):
            square = lanes(work, _KINDS.MULTIPLY, _WIDE, a=e, b=e)
            factor = lanes(work, _KINDS.MULTIPLY_ADD, _WIDE, a=second, b=e, c=first)
            factor = lanes(work, _KINDS.MULTIPLY_ADD, _WIDE, a=third, b=square, c=factor)
            before.append(lanes(work, _KINDS.MULTIPLY, way.bits, a=factor, b=g))
            cube = lanes(work, _KINDS.MULTIPLY, _WIDE, a=e, b=_other(square))
            for pairs, power in zip(powers, (e, square, cube), strict=True):
                pairs.append((g, power))
        return before, [_sum_directions(work, pairs) for pairs in powers]

    def base_terms(self, slopes: Slopes, sums: Sequence[Stack]) -> list[Pair]:
        return _cubic_terms(slopes, sums)

    def weights(self, outputs: Mapping[str, int]) -> list[Counts]:
        return [(outputs["direction"] + outputs["laplacian"], outputs["time"])] * 2


class Parity:
    """Odd and even parts; the inputs have no even one."""

    laplacian_row, needs_value, holds_values = False, False, False
    planes_of = {"direction": 1, "time": 1, "laplacian": 1}

    def rows(self, plane: Stack, counts: Counts) -> list[Stack]:
        return [plane._replace(counts=counts)]

    def activate(
        self, work: Counter[Work], slopes: Slopes, y: Sequence[Stack], counts: Counts, above: Precision
    ) -> list[Stack]:
        factors = [slopes.over(slopes(n, d), counts) for n, d in ((1, 1), (2, 2), (3, 6))]
        odd, even = _powers(work, y)
        return [
            sum_products(work, list(zip(factors, powers, strict=True)), above.bits_of(role))
            for powers, role in ((odd, "a_rows"), (even, "s_rows"))
        ]

    def activate_backward(self, work: Counter[Work], slopes: Slopes, way: WayBack) -> tuple[list[Stack], list[Stack]]:
        first, second, third = (slopes.over(slopes(n, d), way.counts) for n, d in ((1, 1), (2, 1), (3, 2)))
        odd, even = _powers(work, way.y)
        straight = lanes(work, _KINDS.MULTIPLY_ADD, _WIDE, a=second, b=even[0], c=first)
        straight = lanes(work, _KINDS.MULTIPLY_ADD, _WIDE, a=third, b=even[1], c=straight)
        crossed = lanes(work, _KINDS.DOT2, _WIDE, a=second, b=odd[0], c=third, d=odd[1])
        g, h = way.after
        before = [
            lanes(work, _KINDS.DOT2, way.bits, a=straight, b=g, c=crossed, d=h),
            lanes(work, _KINDS.DOT2, way.bits, a=crossed, b=g, c=straight, d=h),
        ]
        sums = [_sum_directions(work, [(g, o), (h, n)]) for o, n in zip(odd, even, strict=True)]
        return before[: len(way.y)], sums

    def base_terms(self, slopes: Slopes, sums: Sequence[Stack]) -> list[Pair]:
        return _cubic_terms(slopes, sums)

    def weights(self, outputs: Mapping[str, int]) -> list[Counts]:
        return [(outputs["direction"], outputs["time"]), (outputs["laplacian"], 0)]


class Stein:
    """Plain evaluations at perturbed points: each direction and sign a plane of its own."""

    laplacian_row, needs_value, holds_values = False, True, True
    planes_of = {"direction": 2, "time": 2, "laplacian": 2}

    def rows(self, plane: Stack, counts: Counts) -> list[Stack]:
        return [plane] * (2 * sum(counts))

    def activate(
        self, work: Counter[Work], slopes: Slopes, y: Sequence[Stack], counts: Counts, above: Precision
    ) -> list[Stack]:
        return [lanes(work, _KINDS.TABLE, above.activations, a=plane) for plane in y]

    def activate_backward(self, work: Counter[Work], slopes: Slopes, way: WayBack) -> tuple[list[Stack], list[Stack]]:
        before = []
        for value, g in zip(way.y, way.after, strict=True):
            slope = lanes(work, _KINDS.TABLE, _WIDE, a=value)
            before.append(lanes(work, _KINDS.MULTIPLY, way.bits, a=slope, b=g))
        return before, []

    def base_terms(self, slopes: Slopes, sums: Sequence[Stack]) -> list[Pair]:
        return []

    def weights(self, outputs: Mapping[str, int]) -> list[Counts]:
        return [(outputs["direction"] + outputs["laplacian"], outputs["time"])] * 2


RULES: dict[str, Rules] = {"jet": Jet(), "diffquant": DiffQuant(), "parity": Parity(), "stein": Stein()}


def _other(stack: Stack) -> Stack:
    """The same sizes, but another tensor."""
    return stack._replace()


def _powers(work: Counter[Work], y: Sequence[Stack]) -> tuple[tuple[Stack, Stack, Stack], tuple[Stack, Stack, Stack]]:
    a = y[0]
    s = y[1] if len(y) > 1 else zeros(a.rows, a.columns, a.counts)
    odd = lanes(work, _KINDS.MULTIPLY, _WIDE, a=a, b=s)
    even = lanes(work, _KINDS.DOT2, _WIDE, a=a, b=a, c=s, d=s)
    odd_cube = lanes(work, _KINDS.DOT2, _WIDE, a=s, b=odd, c=a, d=even)
    even_cube = lanes(work, _KINDS.DOT2, _WIDE, a=s, b=even, c=a, d=odd)
    return (a, odd, odd_cube), (s, even, even_cube)


def _cubic_terms(slopes: Slopes, sums: Sequence[Stack]) -> list[Pair]:
    return list(zip((slopes(2), slopes(3, 2), slopes(4, 6)), sums, strict=True))


def _sum_directions(work: Counter[Work], pairs: Sequence[Pair]) -> Stack:
    total, *others = (sum_parts(work, a, b) for a, b in pairs)
    for other in others:
        total = lanes(work, _KINDS.ADD, _WIDE, a=total, c=other)
    return total
