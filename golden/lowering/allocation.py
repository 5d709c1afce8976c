"""Places for tensors and real numbers, such that units that run at the same time meet in no memory group.

Every buffer lives from the first operation that touches it to the last. The tensors of one product lie in three groups,
the result of an elementwise operation in another group than its operands. Beyond that a buffer goes where it keeps the
fewest operations of different units from overlapping, then where there is most room.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.formats import BLOCK_SIDE
from pinta_hw.spec.isa.instruction import Unit
from pinta_hw.spec.isa.real_memory import REAL_BANKS, REAL_GROUPS, RealGroup
from pinta_hw.spec.layout import TensorLayout, place

from .reals import RealSpace
from .tape import Recorded
from .tensors import Buffer, RealBuffer, Region

_SWEEPS = 2
"""Times that every buffer chooses its group again: the first ones know little of the others."""


@dataclass(frozen=True)
class Timed:
    """An operation and when it runs, as far as that is known without places."""

    operation: Recorded
    begin: int
    end: int


class Placement:
    """Where everything lies in the machine."""

    def __init__(self, config: AcceleratorConfig, reals: RealSpace) -> None:
        self.config = config
        self.tensors: dict[Buffer, TensorLayout] = {}
        self.reals: dict[RealBuffer, int] = {}
        self.parameter_words = 0
        """Words of all parameters, from the beginning of each group of the real memory on."""
        self._space = reals

    def rows(self, buffer: Buffer, block: int, count: int) -> TensorLayout:
        """``count`` block rows of a buffer."""
        root, offset = buffer.root
        whole = self.tensors[root]
        if root.value is not None:
            return whole
        return replace(whole, base=whole.base + (offset + block) * whole.row_stride, row_blocks=count)

    def real(self, address: int) -> int:
        """Word of an address."""
        buffer, offset = self._space.buffer_of(address)
        return self.reals[buffer] + offset


@dataclass(eq=False)
class _Item:
    """A buffer to place: size in words, lifetime in slots, and the operations that touch it."""

    buffer: Buffer | RealBuffer
    words: int
    first: int
    last: int
    uses: list[int]

    @property
    def extent(self) -> int:
        """Words times slots."""
        return self.words * (self.last - self.first + 1)


def shape_of(config: AcceleratorConfig, buffer: Buffer) -> TensorLayout:
    """The layout of a buffer at word 0.

    Raises
    ------
    UserError
        If it does not fit into one scratchpad group.
    """
    rows, columns = BLOCK_SIDE * buffer.row_blocks, buffer.columns
    layout = place(config, 0, rows, columns, buffer.bits)
    if layout.words > config.group_words:
        raise UserError(
            f"{buffer.name}: {rows} x {columns} SMX-{buffer.bits} takes {layout.words} words; allowed: "
            f"{config.group_words}, one group of {config.name}; a smaller training.micro_batch or estimator.chunk fits"
        )
    return layout


def allocate(
    config: AcceleratorConfig, slots: Sequence[Timed], reals: RealSpace, kept: set[Buffer | RealBuffer]
) -> Placement:
    """Place all buffers that the scheduled operations touch.

    Parameters
    ----------
    config : AcceleratorConfig
        Its memories.
    slots : sequence of Timed
        The program.
    reals : RealSpace
        Real buffers.
    kept : set of buffers
        Those that outlive the step.

    Raises
    ------
    UserError
        If they do not fit; the message names the tensor, its size, the limit, and what would fit.
    """
    placement = Placement(config, reals)
    tensors: dict[Buffer, _Item] = {}
    numbers: dict[RealBuffer, _Item] = {}
    shapes: dict[Buffer, TensorLayout] = {}
    for index, slot in enumerate(slots):
        for use in (*slot.operation.reads, *slot.operation.writes):
            if isinstance(use, Region):
                root = use.interval[0]
                if root not in tensors:
                    shapes[root] = shape_of(config, root)
                    tensors[root] = _Item(root, shapes[root].words, index, index, [])
                item = tensors[root]
            else:
                if use.buffer not in numbers:
                    words = REAL_BANKS * use.buffer.beats
                    numbers[use.buffer] = _Item(use.buffer, words, index, index, [])
                item = numbers[use.buffer]
            item.last = index
            if not item.uses or item.uses[-1] != index:
                item.uses.append(index)
    for item in (*tensors.values(), *numbers.values()):
        if item.buffer in kept:
            item.first, item.last = 0, len(slots) - 1

    tensor_places = _assign(
        config.group_words, config.groups, slots, list(tensors.values()), "scratchpad", _must_differ
    )
    for buffer, item in tensors.items():
        placement.tensors[buffer] = replace(shapes[buffer], base=tensor_places[item])
    _place_reals(config, slots, numbers, placement)
    return placement


def _place_reals(
    config: AcceleratorConfig, slots: Sequence[Timed], numbers: dict[RealBuffer, _Item], placement: Placement
) -> None:
    """Master weights and gradients lie at equal offsets of their groups; everything else behind them."""
    offsets: dict[str, int] = {}
    total = 0
    for buffer in sorted(numbers, key=lambda buffer: buffer.number):
        if buffer.parameter is not None:
            offsets[buffer.parameter] = total
            total += buffer.words
    if total > config.real_group_words:
        raise UserError(
            f"parameters: {total} words; allowed: {config.real_group_words}, one group of the real memory of "
            f"{config.name}; real_words of the configuration, or smaller layers or ranks"
        )
    placement.parameter_words = total
    for buffer in numbers:
        for name, group in ((buffer.parameter, RealGroup.WEIGHT), (buffer.gradient_of, RealGroup.GRADIENT)):
            if name is not None:
                placement.reals[buffer] = group * config.real_group_words + offsets[name]
    taken = -(-total // REAL_BANKS) * REAL_BANKS
    others = [item for buffer, item in numbers.items() if buffer.parameter is None and buffer.gradient_of is None]
    gradients = {item: RealGroup.GRADIENT for buffer, item in numbers.items() if buffer.gradient_of is not None}
    room = config.real_group_words - taken
    places = _assign(room, REAL_GROUPS, slots, others, "real memory", _is_sum, gradients)
    for item in others:
        of_group, offset = divmod(places[item], config.real_group_words - taken)
        assert isinstance(item.buffer, RealBuffer)
        placement.reals[item.buffer] = of_group * config.real_group_words + taken + offset


def _is_sum(a: _Item, b: _Item, slot: Timed) -> bool:
    """Whether two buffers are a product's result and what it is added to."""
    return slot.operation.unit is Unit.GEMM


def _must_differ(a: _Item, b: _Item, slot: Timed) -> bool:
    """Whether two buffers of one operation need different groups: an operand and a result, or two of a product."""
    operation = slot.operation
    if operation.unit is Unit.GEMM:
        return True
    if operation.unit is not Unit.ELEMENTWISE:
        return False
    written = {use.interval[0] for use in operation.writes if isinstance(use, Region)}
    return (a.buffer in written) != (b.buffer in written)


def _assign(
    group_words: int,
    groups: int,
    slots: Sequence[Timed],
    items: list[_Item],
    memory: str,
    must_differ: Callable[[_Item, _Item, Timed], bool],
    elsewhere: Mapping[_Item, int] | None = None,
) -> dict[_Item, int]:
    """A flat address for each buffer: those with the least choice choose first, then the largest and longest-lived.

    Others lie ``elsewhere`` in a group already and take no room.
    """
    users: dict[int, list[_Item]] = {}
    group_of: dict[_Item, int] = dict(elsewhere or {})
    for item in (*items, *group_of):
        for index in item.uses:
            users.setdefault(index, []).append(item)
    rivals = _Rivals(slots)
    beside = {item: rivals.of(item.uses) for item in items}
    placed = [_Group(group_words) for _ in range(groups)]
    touched = np.zeros((groups, len(slots)), np.int64)  # how many buffers of each group an operation touches

    def choices(item: _Item) -> list[tuple[int, int, int]]:
        """Cost, offset and group, wherever the buffer may go."""
        others, cycles = beside[item]
        costs = touched[:, others] @ cycles
        forbidden = set()
        for index in item.uses:
            for other in users[index]:
                if other is not item and other in group_of:
                    if must_differ(item, other, slots[index]):
                        forbidden.add(group_of[other])
                    # Operands that are read together take turns in one group.
                    costs[group_of[other]] += slots[index].end - slots[index].begin
        found = []
        for group in range(groups):
            if group not in forbidden:
                offset = placed[group].first_fit(item)
                if offset is not None:
                    found.append((int(costs[group]), offset, group))
        return found

    def put(item: _Item, offset: int, group: int) -> None:
        placed[group].put(item, offset)
        touched[group, item.uses] += 1
        group_of[item] = group

    limits = {item: set[int]() for item in items}
    numbers = {item: number for number, item in enumerate(items)}

    def urgency(item: _Item) -> tuple[int, int, int, int]:
        """The number breaks ties the same way each time."""
        return -len(limits[item]), -item.extent, item.first, numbers[item]

    waiting = set(items)
    queue = [urgency(item) for item in items]
    heapify(queue)
    while queue:
        at = heappop(queue)
        item = items[at[-1]]
        if item not in waiting or at != urgency(item):
            continue  # queued again since
        waiting.remove(item)
        possible = choices(item)
        if not possible:
            raise UserError(
                f"{item.buffer.name}: its {item.words} words do not fit into the {memory} beside what is needed with "
                f"them; allowed: {group_words} words in each of {groups} groups; a smaller training.micro_batch or "
                "estimator.chunk, or more words, fit"
            )
        _, offset, group = min(possible)
        put(item, offset, group)
        for index in item.uses:
            for other in users[index]:
                if other in waiting and group not in limits[other] and must_differ(item, other, slots[index]):
                    limits[other].add(group)
                    heappush(queue, urgency(other))
    for _sweep in range(_SWEEPS):
        for item in sorted(items, key=lambda item: (-item.extent, item.first)):
            before = group_of.pop(item)
            offset_before = placed[before].take(item)
            touched[before, item.uses] -= 1
            _, offset, group = min(choices(item))
            put(item, offset_before if group == before else offset, group)
    return {
        item: group * group_words + offset for group, own in enumerate(placed) for item, offset in own.places().items()
    }


class _Rivals:
    """For every operation the ones of other units that run at the same time, and for how long both do."""

    def __init__(self, slots: Sequence[Timed]) -> None:
        begin = np.array([slot.begin for slot in slots], np.int64)
        end = np.array([slot.end for slot in slots], np.int64)
        unit = np.array([slot.operation.unit for slot in slots], np.int64)
        self._numbers, self._cycles = [], []
        for index in range(len(slots)):
            cycles = np.minimum(end, end[index]) - np.maximum(begin, begin[index])
            numbers = np.flatnonzero((cycles > 0) & (unit != unit[index]))
            self._numbers.append(numbers)
            self._cycles.append(cycles[numbers])

    def of(self, uses: Sequence[int]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The rivals of all of these operations, by number, and the cycles."""
        return np.concatenate([self._numbers[u] for u in uses]), np.concatenate([self._cycles[u] for u in uses])


class _Group:
    """What lies in a group of a memory, by offset; buffers that never live at the same time may share words."""

    def __init__(self, words: int) -> None:
        self._words = words
        self._items: list[_Item] = []
        self._spans = np.empty((4, 0), np.int64)  # offset, end, first and last slot

    def put(self, item: _Item, offset: int) -> None:
        """Put a buffer where it fits."""
        at = int(np.searchsorted(self._spans[0], offset, side="right"))
        self._items.insert(at, item)
        span = [offset, offset + item.words, item.first, item.last]
        self._spans = np.insert(self._spans, at, span, axis=1)

    def take(self, item: _Item) -> int:
        """Take a buffer out; returns its offset."""
        at = self._items.index(item)
        offset = int(self._spans[0, at])
        del self._items[at]
        self._spans = np.delete(self._spans, at, axis=1)
        return offset

    def first_fit(self, item: _Item) -> int | None:
        """The lowest offset at which a buffer meets none that lives at the same time."""
        offsets, ends, firsts, lasts = self._spans
        live = (firsts <= item.last) & (item.first <= lasts)
        begins = np.concatenate([[0], np.maximum.accumulate(ends[live])])
        gaps = np.concatenate([offsets[live], [self._words]]) - begins
        fitting = np.flatnonzero(gaps >= item.words)
        return int(begins[fitting[0]]) if len(fitting) else None

    def places(self) -> dict[_Item, int]:
        """Offsets of all."""
        return dict(zip(self._items, self._spans[0].tolist(), strict=True))
