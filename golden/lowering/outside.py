"""What a training reads from outside: tables and constants, which of them vary, and which stay in the machine."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pinta_hw.spec.formats import SmxFormat
from pinta_hw.spec.isa.instruction import Unit

from ..train import Trainer
from .step import RecordedStep, record_step
from .tape import RealRegion, Recorded, TensorTable, Use
from .tensors import Buffer, RealBuffer, Region


@dataclass(frozen=True, eq=False)
class Load:
    """One run of beats that a step, or the prologue, reads."""

    buffer: Buffer | RealBuffer
    varies: bool
    """From step to step."""


class Outside:
    """Everything of a training that comes from outside the machine, or goes there.

    Parameters
    ----------
    trainer : Trainer
        Of the experiment.
    recorded : RecordedStep
        Step 0; copies of one constant become one buffer in it.
    scalars : sequence of dict
        Constants of each step's update.
    units : int
        Block units of the array, as `record_step` takes them.
    resident_words : int
        About so many words of the scratchpad may constants take for all steps; with 0 they do not even stay from the
        forward to the backward pass of a micro-batch.
    """

    def __init__(
        self,
        trainer: Trainer,
        recorded: RecordedStep,
        scalars: Sequence[dict[str, float]],
        units: int,
        resident_words: int,
    ) -> None:
        self.recorded, self.scalars = recorded, scalars
        self._trainer, self._units = trainer, units
        varying, order = self._tables()
        batch_of: dict[Buffer | RealBuffer, int] = {}
        """In which each is read first."""
        for operation in recorded.tape.operations:
            for use in operation.reads:
                batch_of.setdefault(_holder(use), operation.micro_batch)
        read = set(batch_of)
        self.kept: set[Buffer | RealBuffer] = set()
        """Buffers that the prologue fills, for all steps; constants for which there is no room come when needed."""
        room = resident_words
        constants = [buffer for buffer in order if buffer in read - varying]
        for alike in _alike(constants, recorded.tape.tensor_tables):
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
        self.loads = [Load(buffer, buffer in varying) for buffer in order if buffer in read]

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """The initial master weights, by name."""
        return self._trainer.optimizer.parameters

    def step(self, number: int) -> RecordedStep:
        """Another step, recorded; its tables come in the order of those of step 0."""
        return record_step(self._trainer, number, self.scalars[number], self._units) if number else self.recorded

    def operations(self) -> list[Recorded]:
        """Those of step 0, each behind the transfers of what it is the first to touch; then the stores of the losses.

        Of a buffer that operations write too, the transfer fills what they leave out: it comes before they do.
        """
        waiting = {load.buffer: load for load in self.loads if load.buffer not in self.kept}
        found: list[Recorded] = []
        for operation in self.recorded.tape.operations:
            for use in (*operation.reads, *operation.writes):
                load = waiting.pop(_holder(use), None)
                if load is not None:
                    found.append(_load(load, operation.micro_batch))
            found.append(operation)
        last = max(operation.micro_batch for operation in found)
        stores = [self._store(number, int(at), last) for number, at in enumerate(self.recorded.losses.values())]
        return found + stores

    def _tables(self) -> tuple[set[Buffer | RealBuffer], dict[Buffer | RealBuffer, None]]:
        """Which buffers vary from step to step, and all that are filled from outside, in order."""
        tape = self.recorded.tape
        scalars = self.scalars[-1] if len(self.scalars) < 2 else self.scalars[1]
        other = record_step(self._trainer, 1, scalars, self._units).tape
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
        return varying, order | dict.fromkeys(tape.constants.values())

    def _store(self, number: int, address: int, micro_batch: int) -> Recorded:
        buffer, _ = self.recorded.tape.reals.buffer_of(address)
        use = RealRegion(buffer, 0, buffer.words)
        return Recorded(
            Unit.TRANSFER,
            f"store {buffer.name}",
            "store",
            micro_batch,
            (use,),
            (),
            lambda places: places.store_loss(number, address),
        )


def _load(load: Load, micro_batch: int) -> Recorded:
    buffer = load.buffer
    return Recorded(
        Unit.TRANSFER,
        f"load {buffer.name}",
        "load",
        micro_batch,
        (),
        (_whole(buffer),),
        lambda places: places.load(buffer),
    )


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


def _size(buffer: Buffer | RealBuffer) -> int:
    """About the words of a buffer."""
    if isinstance(buffer, RealBuffer):
        return buffer.words
    return buffer.row_blocks * buffer.column_blocks * SmxFormat(buffer.bits).planes


def _whole(buffer: Buffer | RealBuffer) -> Use:
    if isinstance(buffer, RealBuffer):
        return RealRegion(buffer, 0, buffer.words)
    return Region(buffer, 0, buffer.row_blocks)


def _holder(use: Use) -> Buffer | RealBuffer:
    return use.buffer if isinstance(use, RealRegion) else use.interval[0]
