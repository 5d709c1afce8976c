"""Products of a recorded step, and those of one operand as one.

Products whose left operands lie below each other, and whose right operand is the same, are one product of all their
rows: the array then has fewer tiles that are not full. No bit changes, for rows know nothing of each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush

from pinta_hw.spec.isa.gemm import Gemm, RealResult
from pinta_hw.spec.isa.instruction import Unit
from pinta_hw.spec.layout import TensorLayout

from .reals import Addresses
from .tape import Places, Recorded, Use
from .tensors import Plane, Region, contiguous


@dataclass
class RealTarget:
    """Where a product goes in real memory, and what it is added to: what lies there, or numbers of another buffer."""

    addresses: Addresses
    accumulate: bool = False
    addend: Addresses | None = None

    def place(self, places: Places) -> RealResult:
        """The target, given places."""
        rows, columns = self.addresses.shape
        base = places.real(int(self.addresses.flat[0]))
        addend = None if self.addend is None else places.real(int(self.addend.flat[0]))
        return RealResult(base, rows, columns, columns, self.accumulate, addend=addend)


@dataclass(frozen=True)
class Product:
    """Planes times planes: builds the GEMM of a `Recorded`.

    Parameters
    ----------
    a, b : sequence of Plane
        Operands; the planes of each lie below each other.
    result : sequence of Plane, or RealTarget
        Planes like those of ``a``, or real numbers.
    a_transposed, b_transposed : bool
        Whether an operand is used transposed.
    """

    a: tuple[Plane, ...]
    b: tuple[Plane, ...]
    result: tuple[Plane, ...] | RealTarget
    a_transposed: bool
    b_transposed: bool

    def __call__(self, places: Places) -> Gemm:
        left, right = layout(places, self.a), layout(places, self.b)
        target = self.result
        return Gemm(
            left.transposed() if self.a_transposed else left,
            right.transposed() if self.b_transposed else right,
            target.place(places) if isinstance(target, RealTarget) else layout(places, target),
            0,
            self.a_transposed,
            self.b_transposed,
        )

    def above(self, other: "Product") -> "Product | None":
        """Both as one, with the rows of the other below the own ones; None where they are not one product."""
        if isinstance(self.result, RealTarget) or isinstance(other.result, RealTarget) or self.a_transposed:
            return None
        alike = (self.b, self.a_transposed, self.b_transposed) == (other.b, other.a_transposed, other.b_transposed)
        if not alike or not contiguous([self.a[-1], other.a[0]]) or not contiguous([self.result[-1], other.result[0]]):
            return None
        return replace(self, a=(*self.a, *other.a), result=(*self.result, *other.result))


def layout(places: Places, planes: Sequence[Plane]) -> TensorLayout:
    """Planes that lie below each other, as one matrix."""
    first = planes[0]
    assert first.buffer is not None
    return places.rows(first.buffer, first.block, sum(plane.row_blocks for plane in planes))


def whole(plane: Plane) -> Region:
    """All of a plane."""
    assert plane.buffer is not None
    return Region(plane.buffer, plane.block, plane.row_blocks)


def merged(operations: Sequence[Recorded], before: Sequence[set[int]], reach: int) -> list[Recorded]:
    """The operations, with products of one operand as one wherever none of them waits for the other.

    What a product is joined with lies in memory until both can begin, so that a longer reach takes more of it.

    Parameters
    ----------
    operations : sequence of Recorded
        In the order of their meaning.
    before : sequence of sets
        For each operation, those that it must come after.
    reach : int
        How many operations further on the other product may be.
    """
    graph = _Graph(operations, before)
    index = 0
    products = [index for index, each in enumerate(operations) if isinstance(each.build, Product)]
    while index < len(products):
        number = products[index]
        near = (other for other in products[index + 1 :] if other <= number + reach)
        partner = next((other for other in near if graph.merge(number, other)), None)
        if partner is None:
            index += 1
        else:
            products.remove(partner)
    return graph.in_order()


class _Graph:
    """Operations and what they wait for, of which two may become one."""

    def __init__(self, operations: Sequence[Recorded], before: Sequence[set[int]]) -> None:
        self._operations: dict[int, Recorded] = dict(enumerate(operations))
        self._before = {index: set(others) for index, others in enumerate(before)}
        self._after: dict[int, set[int]] = {index: set() for index in self._operations}
        for index, others in self._before.items():
            for other in others:
                self._after[other].add(index)

    def merge(self, first: int, second: int) -> bool:
        """Make two products one, if that can be."""
        one, other = self._operations[first], self._operations[second]
        assert isinstance(one.build, Product) and isinstance(other.build, Product)
        build = one.build.above(other.build) or other.build.above(one.build)
        if build is None or self._reaches(first, second) or self._reaches(second, first):
            return False
        assert isinstance(build.result, tuple)
        reads: list[Use] = [whole(plane) for plane in (*build.a, *build.b)]
        writes: list[Use] = [whole(plane) for plane in build.result]
        self._operations[first] = Recorded(
            Unit.GEMM, one.name, one.phase, one.micro_batch, tuple(reads), tuple(writes), build
        )
        for edges, back in ((self._before, self._after), (self._after, self._before)):
            for index in edges.pop(second):
                back[index].remove(second)
                back[index].add(first)
                edges[first].add(index)
        del self._operations[second]
        return True

    def _reaches(self, begin: int, end: int) -> bool:
        """Whether an operation waits for another, directly or not."""
        seen, waiting = {begin}, [begin]
        while waiting:
            for index in self._after[waiting.pop()] - seen:
                if index == end:
                    return True
                seen.add(index)
                waiting.append(index)
        return False

    def in_order(self) -> list[Recorded]:
        """The operations, as near to their order as what they wait for allows."""
        missing = {index: len(others) for index, others in self._before.items()}
        ready = [index for index, count in missing.items() if not count]
        heapify(ready)
        found = []
        while ready:
            index = heappop(ready)
            found.append(self._operations[index])
            for other in self._after[index]:
                missing[other] -= 1
                if not missing[other]:
                    heappush(ready, other)
        assert len(found) == len(self._operations)
        return found
