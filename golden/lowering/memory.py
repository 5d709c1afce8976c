"""The memory map of a training: what lies where outside the machine.

Addresses are bytes from 0 on. First come the constants: tensors and numbers that are the same in all steps, and the
initial master weights; then a record for each step, all alike; then for each step a beat for each term of its loss; and
last the trained weights and their moments.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.errors import UserError
from pinta_hw.spec.isa.real_memory import REAL_BANKS, RealGroup
from pinta_hw.spec.isa.transfer import BEAT_BYTES, Direction, Transfer
from pinta_hw.spec.layout import TensorLayout

from ..planes import digit_planes
from ..quantize import quantize
from ..smx import SmxMatrix
from .allocation import Placement
from .outside import Outside
from .tape import TensorTable
from .tensors import Buffer, RealBuffer

Beats = npt.NDArray[np.uint64]
"""Shape (beats, 2): the low and the high half of each."""


class Memory:
    """The memory map of a training, laid out for a placement: with it, the `tape.Places` of finished instructions.

    Parameters
    ----------
    outside : Outside
        What comes from there.
    placement : Placement
        Where it goes to.
    """

    def __init__(self, outside: Outside, placement: Placement) -> None:
        self._outside, self.placement = outside, placement
        at = 0
        self._constants: dict[Buffer | RealBuffer, int] = {}
        self._varying: dict[Buffer | RealBuffer, int] = {}
        for load in outside.loads:
            if not load.varies:
                self._constants[load.buffer] = at
                at += BEAT_BYTES * self._beats(load.buffer)
        self._weights = at
        self._parameter_beats = -(-placement.parameter_words // REAL_BANKS)
        at += BEAT_BYTES * self._parameter_beats * len(RealGroup)
        self.steps_at = at
        record = 0
        for load in outside.loads:
            if load.varies:
                self._varying[load.buffer] = at + record
                record += BEAT_BYTES * self._beats(load.buffer)
        self.record_bytes = record
        steps = len(outside.scalars)
        self.losses_at = at + record * steps
        self._loss_bytes = BEAT_BYTES * len(self.terms)
        self.results_at = self.losses_at + self._loss_bytes * steps
        self.bytes = self.results_at + BEAT_BYTES * self._parameter_beats * (len(RealGroup) - 1)

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the loss's terms, a beat each."""
        return tuple(self._outside.recorded.losses)

    def rows(self, buffer: Buffer, block: int, count: int) -> TensorLayout:
        """See `tape.Places`."""
        return self.placement.rows(buffer, block, count)

    def real(self, address: int) -> int:
        """See `tape.Places`."""
        return self.placement.real(address)

    def load(self, buffer: Buffer | RealBuffer) -> Transfer:
        """See `tape.Places`."""
        if buffer in self._varying:
            return self._transfer(buffer, self._varying[buffer], self.record_bytes)
        return self._transfer(buffer, self._constants[buffer], 0)

    def store_loss(self, term: int, address: int) -> Transfer:
        """See `tape.Places`."""
        at = self.losses_at + BEAT_BYTES * term
        return Transfer(Direction.STORE_REAL, at, self._loss_bytes, self.real(address), 1)

    def prologue(self) -> Iterator[tuple[str, Transfer]]:
        """Transfers before the first step: constants, weights, and zeros for moments and gradients."""
        for buffer in self._constants:
            if buffer in self._outside.kept:
                yield buffer.name, self.load(buffer)
        for group in RealGroup:
            yield group.name.lower(), self._parameters(Direction.LOAD_REAL, self._weights, group)

    def epilogue(self) -> Iterator[tuple[str, Transfer]]:
        """Transfers after the last step: weights and moments."""
        for group in list(RealGroup)[:-1]:
            yield group.name.lower(), self._parameters(Direction.STORE_REAL, self.results_at, group)

    def image(self, steps: int | None = None) -> Iterator[tuple[int, Beats]]:
        """What the memory holds at the beginning: runs of beats, each with its address; of the first steps only."""
        tape = self._outside.recorded.tape
        for buffer, at in self._constants.items():
            if isinstance(buffer, Buffer):
                yield at, self._tensor_beats(buffer, tape.tensor_tables)
            else:
                yield at, _real_beats(next(t.values for t in tape.real_tables if t.buffer is buffer))
        weights = np.zeros(REAL_BANKS * self._parameter_beats * len(RealGroup), np.float32)
        for name, words in self._parameter_words():
            weights[words] = self._outside.weights[name]
        yield self._weights, _real_beats(weights)
        for step in range(len(self._outside.scalars) if steps is None else steps):
            yield from self._record_of(step)

    def trained(self, beats: Beats) -> dict[str, npt.NDArray[np.float32]]:
        """The weights that the epilogue stored, by name.

        Parameters
        ----------
        beats : uint64 array, shape (beats, 2)
            The memory from `results_at` on.
        """
        stored = beats.view(np.float32).reshape(-1)
        return {name: stored[words] for name, words in self._parameter_words()}

    def losses(self, beats: Beats) -> list[dict[str, float]]:
        """The losses of all steps, from the memory from `losses_at` on."""
        words = beats.view(np.float32).reshape(len(self._outside.scalars), len(self.terms), -1)
        return [{name: float(value) for name, value in zip(self.terms, row[:, 0], strict=True)} for row in words]

    def _parameter_words(self) -> Iterator[tuple[str, npt.NDArray[np.int64]]]:
        """Where each parameter lies in the real memory."""
        for name, addresses in self._outside.recorded.parameters.items():
            yield name, np.vectorize(self.real, otypes=[np.int64])(addresses)

    def _record_of(self, step: int) -> Iterator[tuple[int, Beats]]:
        own, tape = self._outside.recorded.tape, self._outside.step(step).tape
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
                yield self._varying[mine.buffer] + shift, _real_beats(yours.values)
            elif not np.array_equal(mine.values, yours.values):
                raise _changed(mine.buffer.name, step)

    def _tensor_beats(self, root: Buffer, tables: Sequence[TensorTable]) -> Beats:
        """All words of a tensor's region; those between its planes are zeros."""
        layout = self.placement.tensors[root]
        beats = np.zeros((layout.words, 2), np.uint64)
        if root.value is not None:
            _fill_beats(beats, layout, 0, quantize(np.full((4, 4), root.value), root.bits))
        for table in tables:
            owner, block = table.buffer.root
            if owner is root:
                _fill_beats(beats, layout, block, quantize(table.values, root.bits))
        return beats

    def _beats(self, buffer: Buffer | RealBuffer) -> int:
        if isinstance(buffer, Buffer):
            return self.placement.tensors[buffer].words
        return buffer.beats

    def _transfer(self, buffer: Buffer | RealBuffer, at: int, stride: int) -> Transfer:
        if isinstance(buffer, Buffer):
            layout = self.placement.tensors[buffer]
            return Transfer(Direction.LOAD_TENSOR, at, stride, layout.base, layout.words)
        return Transfer(Direction.LOAD_REAL, at, stride, self.placement.reals[buffer], self._beats(buffer))

    def _parameters(self, direction: Direction, at: int, group: RealGroup) -> Transfer:
        memory = at + BEAT_BYTES * self._parameter_beats * group
        local = group * self.placement.config.real_group_words
        return Transfer(direction, memory, 0, local, self._parameter_beats)


def _fill_beats(beats: Beats, layout: TensorLayout, block: int, matrix: SmxMatrix) -> None:
    """Put a matrix at a block row of a tensor whose region the beats are."""
    planes = digit_planes(matrix)
    rows, columns = matrix.exponents.shape
    i, j = np.arange(rows)[:, None] + block, np.arange(columns)[None, :]
    for number in range(planes.shape[0]):
        words = i * layout.row_stride + j * layout.column_stride + number * layout.plane_stride
        beats[words, 0] = planes[number]
        beats[words, 1] = matrix.exponents


def _real_beats(values: npt.NDArray[np.floating]) -> Beats:
    words = np.zeros(-(-values.size // REAL_BANKS) * REAL_BANKS, np.float32)
    words[: values.size] = values.reshape(-1)
    return words.view(np.uint64).reshape(-1, 2)


def _changed(name: str, step: int) -> UserError:
    return UserError(f"{name}: changes in step {step} but not in step 1; allowed: what changes in every step, or never")
