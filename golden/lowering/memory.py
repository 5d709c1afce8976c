"""What the machine reads and writes outside: constants, initial weights, the tables of every step, the results.

Addresses are bytes from 0 on. First come the constants: tensors and numbers that are the same in all steps, and the
initial master weights; then a record for each step, all alike; then for each step a beat for each term of its loss; and
last the trained weights and their moments.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.formats import SmxFormat
from pinta_hw.spec.isa.instruction import Operation, Unit
from pinta_hw.spec.isa.real_memory import REAL_BANKS, RealGroup
from pinta_hw.spec.isa.transfer import BEAT_BYTES, Direction, Transfer
from pinta_hw.spec.layout import TensorLayout

from ..planes import digit_planes
from ..quantize import quantize
from ..smx import SmxMatrix
from ..train import Trainer
from .allocation import Placement
from .step import RecordedStep, record_step
from .tape import Places, RealRegion, Recorded, TensorTable, Use
from .tensors import Buffer, RealBuffer, Region

Beats = npt.NDArray[np.uint64]
"""Shape (beats, 2): the low and the high half of each."""


@dataclass(frozen=True, eq=False)
class _Load:
    """One run of beats that a step, or the prologue, reads."""

    buffer: Buffer | RealBuffer
    varies: bool
    """From step to step."""


class Memory:
    """The memory map of a training.

    Parameters
    ----------
    trainer : Trainer
        Of the experiment.
    recorded : RecordedStep
        Step 0.
    scalars : sequence of dict
        Constants of each step's update.
    config : AcceleratorConfig
        The accelerator.
    resident_words : int
        About so many words of the scratchpad may constants take for all steps; with 0 they do not even stay from the
        forward to the backward pass of a micro-batch.
    """

    def __init__(
        self,
        trainer: Trainer,
        recorded: RecordedStep,
        scalars: Sequence[dict[str, float]],
        config: AcceleratorConfig,
        resident_words: int,
    ) -> None:
        self._trainer, self._recorded, self._scalars = trainer, recorded, scalars
        self._units = config.units
        tape = recorded.tape
        other = record_step(trainer, 1, scalars[-1] if len(scalars) < 2 else scalars[1], config.units).tape
        varying: set[Buffer | RealBuffer] = set()
        order: dict[Buffer | RealBuffer, None] = {}
        for own, its in zip(tape.tensor_tables, other.tensor_tables, strict=True):
            root = own.buffer.root[0]
            order[root] = None
            if not np.array_equal(own.values, its.values):
                varying.add(root)
        for mine, yours in zip(tape.real_tables, other.real_tables, strict=True):
            order[mine.buffer] = None
            if not np.array_equal(mine.values, yours.values):
                varying.add(mine.buffer)
        order |= dict.fromkeys(tape.constants.values())
        batch_of: dict[Buffer | RealBuffer, int] = {}
        """In which each is read first."""
        for operation in tape.operations:
            for use in operation.reads:
                batch_of.setdefault(_holder(use), operation.micro_batch)
        read = set(batch_of)
        self.kept: set[Buffer | RealBuffer] = set()
        """Buffers that the prologue fills, for all steps; constants for which there is no room come when needed."""
        room = resident_words
        for alike in _alike([buffer for buffer in order if buffer in read - varying], tape.tensor_tables):
            size = _size(alike[0]) if isinstance(alike[0], Buffer) else 0
            stays = size <= room
            if not (stays or resident_words):
                continue
            room -= size if stays else 0
            parts: dict[int, list[Buffer | RealBuffer]] = {}
            for buffer in alike:
                parts.setdefault(0 if stays else batch_of[buffer], []).append(buffer)
            for first, *copies in parts.values():
                _merge(first, copies)
                read.difference_update(copies)
                if stays:
                    self.kept.add(first)
        self._loads = [_Load(buffer, buffer in varying) for buffer in order if buffer in read]

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the loss's terms, a beat each."""
        return tuple(self._recorded.losses)

    def with_loads(self, operations: Sequence[Recorded]) -> list[Recorded]:
        """The operations, each behind the transfers of what it is the first to touch.

        Of a buffer that operations write too, the transfer fills what they leave out: it comes before they do.
        """
        waiting = {load.buffer: load for load in self._loads if load.buffer not in self.kept}
        found: list[Recorded] = []
        for operation in operations:
            for use in (*operation.reads, *operation.writes):
                load = waiting.pop(_holder(use), None)
                if load is not None:
                    found.append(self._load(load, operation.micro_batch))
            found.append(operation)
        return found

    def stores(self) -> list[Recorded]:
        """What each step writes: its losses."""
        last = max(operation.micro_batch for operation in self._recorded.tape.operations)
        return [
            self._store(number, int(addresses), last) for number, addresses in enumerate(self._recorded.losses.values())
        ]

    def place(self, config: AcceleratorConfig, placement: Placement) -> None:
        """Lay out the memory, now that every buffer has its place in the machine."""
        self._config, self.placement = config, placement
        at = 0
        self._constants: dict[Buffer | RealBuffer, int] = {}
        self._varying: dict[Buffer | RealBuffer, int] = {}
        for load in self._loads:
            if not load.varies:
                self._constants[load.buffer] = at
                at += BEAT_BYTES * self._beats(load.buffer)
        self._weights = at
        self._parameter_beats = -(-placement.parameter_words // REAL_BANKS)
        at += BEAT_BYTES * self._parameter_beats * len(RealGroup)
        self.steps_at = at
        record = 0
        for load in self._loads:
            if load.varies:
                self._varying[load.buffer] = at + record
                record += BEAT_BYTES * self._beats(load.buffer)
        self.record_bytes = record
        self.losses_at = at + record * len(self._scalars)
        self._loss_bytes = BEAT_BYTES * len(self._recorded.losses)
        self.results_at = self.losses_at + self._loss_bytes * len(self._scalars)
        self.bytes = self.results_at + BEAT_BYTES * self._parameter_beats * (len(RealGroup) - 1)

    def prologue(self) -> Iterator[tuple[str, Transfer]]:
        """Transfers before the first step: constants, weights, and zeros for moments and gradients."""
        for buffer, at in self._constants.items():
            if buffer in self.kept:
                yield buffer.name, self._transfer_of(buffer, at, 0)
        for group in RealGroup:
            yield group.name.lower(), self._parameters(Direction.LOAD_REAL, self._weights, group)

    def epilogue(self) -> Iterator[tuple[str, Transfer]]:
        """Transfers after the last step: weights and moments."""
        for group in list(RealGroup)[:-1]:
            yield group.name.lower(), self._parameters(Direction.STORE_REAL, self.results_at, group)

    def image(self, steps: int | None = None) -> Iterator[tuple[int, Beats]]:
        """What the memory holds at the beginning: runs of beats, each with its address; of the first steps only."""
        tape = self._recorded.tape
        for buffer, at in self._constants.items():
            if isinstance(buffer, Buffer):
                yield at, self._tensor_beats(buffer, tape.tensor_tables)
            else:
                yield at, self._real_beats(next(t.values for t in tape.real_tables if t.buffer is buffer))
        weights = np.zeros(REAL_BANKS * self._parameter_beats * len(RealGroup), np.float32)
        for name, addresses in self._recorded.parameters.items():
            words = np.vectorize(self.placement.real, otypes=[np.int64])(addresses)
            weights[words] = self._trainer.optimizer.parameters[name]
        yield self._weights, self._real_beats(weights)
        for step in range(len(self._scalars) if steps is None else steps):
            yield from self._record_of(step)

    def trained(self, beats: Beats) -> dict[str, npt.NDArray[np.float32]]:
        """The weights that the epilogue stored, by name.

        Parameters
        ----------
        beats : uint64 array, shape (beats, 2)
            The memory from `results_at` on.
        """
        words = beats.view(np.float32).reshape(-1)
        return {
            name: words[np.vectorize(self.placement.real, otypes=[np.int64])(addresses)]
            for name, addresses in self._recorded.parameters.items()
        }

    def losses(self, beats: Beats) -> list[dict[str, float]]:
        """The losses of all steps, from the memory from `losses_at` on."""
        words = beats.view(np.float32).reshape(len(self._scalars), len(self._recorded.losses), -1)
        return [
            {name: float(value) for name, value in zip(self._recorded.losses, row[:, 0], strict=True)} for row in words
        ]

    def _record_of(self, step: int) -> Iterator[tuple[int, Beats]]:
        own = tape = self._recorded.tape
        if step:
            tape = record_step(self._trainer, step, self._scalars[step], self._units).tape
        # The tables of another step are those of the recorded one, in the same order.
        tables = [
            TensorTable(mine.buffer, its.values)
            for mine, its in zip(own.tensor_tables, tape.tensor_tables, strict=True)
        ]
        shift = step * self.record_bytes
        for buffer, at in self._varying.items():
            if isinstance(buffer, Buffer):
                yield at + shift, self._tensor_beats(buffer, tables)
        for given, now in zip(own.tensor_tables, tables, strict=True):
            if given.buffer.root[0] not in self._varying and not np.array_equal(given.values, now.values):
                raise _changed(given.buffer.name, step)
        for mine, yours in zip(own.real_tables, tape.real_tables, strict=True):
            if mine.buffer in self._varying:
                yield self._varying[mine.buffer] + shift, self._real_beats(yours.values)
            elif not np.array_equal(mine.values, yours.values):
                raise _changed(mine.buffer.name, step)

    def _tensor_beats(self, root: Buffer, tables: Sequence[TensorTable]) -> Beats:
        """All words of a tensor's region; those between its planes are zeros."""
        layout = self.placement.tensors[root]
        beats = np.zeros((layout.words, 2), np.uint64)
        if root.value is not None:
            fill_beats(beats, layout, 0, quantize(np.full((4, 4), root.value), root.bits))
        for table in tables:
            owner, block = table.buffer.root
            if owner is root:
                fill_beats(beats, layout, block, quantize(table.values, root.bits))
        return beats

    def _real_beats(self, values: npt.NDArray[np.floating]) -> Beats:
        words = np.zeros(-(-values.size // REAL_BANKS) * REAL_BANKS, np.float32)
        words[: values.size] = values.reshape(-1)
        return words.view(np.uint64).reshape(-1, 2)

    def _beats(self, buffer: Buffer | RealBuffer) -> int:
        if isinstance(buffer, Buffer):
            return self.placement.tensors[buffer].words
        return -(-buffer.words // REAL_BANKS)

    def _transfer_of(self, buffer: Buffer | RealBuffer, at: int, stride: int) -> Transfer:
        if isinstance(buffer, Buffer):
            layout = self.placement.tensors[buffer]
            return Transfer(Direction.LOAD_TENSOR, at, stride, layout.base, layout.words)
        return Transfer(Direction.LOAD_REAL, at, stride, self.placement.reals[buffer], self._beats(buffer))

    def _parameters(self, direction: Direction, at: int, group: RealGroup) -> Transfer:
        memory = at + BEAT_BYTES * self._parameter_beats * group
        return Transfer(direction, memory, 0, group * self._config.real_group_words, self._parameter_beats)

    def _load(self, load: _Load, micro_batch: int) -> Recorded:
        buffer = load.buffer
        use: Use = _whole(buffer)

        def build(places: Places) -> Operation:
            if hasattr(self, "placement"):
                if load.varies:
                    return self._transfer_of(buffer, self._varying[buffer], self.record_bytes)
                return self._transfer_of(buffer, self._constants[buffer], 0)
            beats = -(-buffer.words // REAL_BANKS) if isinstance(buffer, RealBuffer) else _words(places, buffer)
            return Transfer(Direction.LOAD_REAL, 0, 0, 0, beats)

        return Recorded(Unit.TRANSFER, f"load {buffer.name}", "load", micro_batch, (), (use,), build)

    def _store(self, number: int, address: int, micro_batch: int) -> Recorded:
        buffer, _ = self._recorded.tape.reals.buffer_of(address)

        def build(places: Places) -> Operation:
            at = self.losses_at + BEAT_BYTES * number if hasattr(self, "placement") else 0
            stride = self._loss_bytes if hasattr(self, "placement") else 0
            return Transfer(Direction.STORE_REAL, at, stride, places.real(address), 1)

        use = RealRegion(buffer, 0, buffer.words)
        return Recorded(Unit.TRANSFER, f"store {buffer.name}", "store", micro_batch, (use,), (), build)


def _alike(constants: Sequence[Buffer | RealBuffer], tables: Sequence[TensorTable]) -> list[list[Buffer | RealBuffer]]:
    """The constants by what they hold, those first that are wanted most often for their size.

    Every micro-batch has the same directions, and needs them forward and backward.
    """
    contents: dict[Buffer, list[tuple[int, bytes]]] = {}
    covered: Counter[Buffer] = Counter()
    for table in tables:
        root, block = table.buffer.root
        contents.setdefault(root, []).append((block, table.values.tobytes()))
        covered[root] += table.buffer.row_blocks
    found: dict[object, list[Buffer | RealBuffer]] = {}
    for buffer in constants:
        key: object = buffer
        if isinstance(buffer, Buffer) and covered[buffer] == buffer.row_blocks:  # no operation writes a part of it
            key = buffer.row_blocks, buffer.columns, buffer.bits, tuple(contents[buffer])
        found.setdefault(key, []).append(buffer)
    return sorted(found.values(), key=lambda alike: (-len(alike), _size(alike[0])))


def _merge(first: Buffer | RealBuffer, copies: Sequence[Buffer | RealBuffer]) -> None:
    """Give buffers that hold the same the place of the first."""
    for copy in copies:
        assert isinstance(first, Buffer) and isinstance(copy, Buffer)
        copy.within = first, 0


def _changed(name: str, step: int) -> UserError:
    return UserError(f"{name}: changes in step {step} but not in step 1; allowed: what changes in every step, or never")


def _size(buffer: Buffer | RealBuffer) -> int:
    """About the words of a buffer."""
    if isinstance(buffer, RealBuffer):
        return buffer.words
    return buffer.row_blocks * buffer.column_blocks * SmxFormat(buffer.bits).planes


def fill_beats(beats: Beats, layout: TensorLayout, block: int, matrix: SmxMatrix) -> None:
    """Put a matrix at a block row of a tensor whose region the beats are."""
    planes = digit_planes(matrix)
    rows, columns = matrix.exponents.shape
    i, j = np.arange(rows)[:, None] + block, np.arange(columns)[None, :]
    for number in range(planes.shape[0]):
        words = i * layout.row_stride + j * layout.column_stride + number * layout.plane_stride
        beats[words, 0] = planes[number]
        beats[words, 1] = matrix.exponents


def _whole(buffer: Buffer | RealBuffer) -> Use:
    if isinstance(buffer, RealBuffer):
        return RealRegion(buffer, 0, buffer.words)
    return Region(buffer, 0, buffer.row_blocks)


def _holder(use: Use) -> Buffer | RealBuffer:
    return use.buffer if isinstance(use, RealRegion) else use.interval[0]


def _words(places: Places, buffer: Buffer) -> int:
    return places.rows(buffer, 0, buffer.row_blocks).words
