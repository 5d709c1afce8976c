"""Rows of a micro-batch on their way through the network, counted in one phase."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pinta_hw.spec.formats import blocks
from pinta_hw.spec.isa.elementwise import ElementwiseOperation

from .context import Chunk, StepContext
from .slopes import Slopes
from .stack import Stack, lanes, sum_parts
from .tables import Table
from .work import Decoding, Lanes, Work

_KINDS = ElementwiseOperation
WIDE = 16
"""Bits of what is not yet quantized for a layer."""


@dataclass(frozen=True)
class Pass:
    """Of one layer in one pass: inputs and outputs."""

    x: list[Stack]
    y: list[Stack]

    @property
    def words(self) -> int:
        """Scratchpad words."""
        return sum(stack.words for stack in (*self.x, *self.y))


class Rows:
    """The rows of a micro-batch, and the derivatives of its activations.

    Parameters
    ----------
    context : StepContext
        The step.
    points : int
        Interior points.
    work, tables : Counter
        Where operations and loads are counted.
    """

    def __init__(self, context: StepContext, points: int, work: Counter[Work], tables: Counter[Table]) -> None:
        self.context, self.points, self.work, self.tables = context, points, work, tables
        self.blocks = blocks(points)
        self.layers, self.hidden = context.layers, len(context.layers) - 1
        self.slopes = [Slopes(work, self.blocks, blocks(layer.outputs)) for layer in self.layers[:-1]]

    def layer(self, index: int, x: Sequence[Stack], *, values: bool, once: bool = True) -> list[Stack]:
        """Outputs of a layer; rows that go through it ``once`` lie together, because they are contracted later.

        Those of the first layer come together from outside.
        """
        layer, own = self.layers[index], self.context.at(index)
        segments, bits = [rows for stack in x for rows in stack.segments], x[0].bits
        total = sum(segments)
        if index == 0 and total:
            segments = [total]
        if layer.rank and not once:
            for rows in segments:
                self.work[layer.factor(rows, bits, own)] += 1
        for rows in [total] if layer.rank or once else segments:
            if rows:
                self.work[layer.forward(rows, bits, own)] += 1
        columns = blocks(layer.outputs)
        y = [stack._replace(columns=columns, bits=WIDE, pieces=1) for stack in x]
        if values:
            row = Stack(1, columns, WIDE)
            y = [lanes(self.work, _KINDS.ADD_ROW, WIDE, a=stack, c=row) if stack.rows else stack for stack in y]
        return y

    def chunk(self, chunk: Chunk, squares: list[Stack | None] | None = None, *, once: bool) -> list[Pass]:
        """The rows of a chunk through all layers; the sum of their squares at each goes to ``squares``."""
        context, work = self.context, self.work
        plane = Stack(self.blocks, blocks(self.layers[0].inputs), context.at(0).inputs)
        x, kept = context.rules.rows(plane, chunk.counts), []
        for index, slopes in enumerate(self.slopes):
            y = self.layer(index, x, values=context.rules.holds_values, once=once)
            kept.append(Pass(x, y))
            if squares is not None and chunk.space:
                part, before = sum_parts(work, y[0], y[0], (True, False)), squares[index]
                squares[index] = part if before is None else lanes(work, _KINDS.ADD, WIDE, a=before, c=part._replace())
            x = context.rules.activate(work, slopes, y, chunk.counts, context.at(index + 1))
        if context.reduced:
            values = context.rules.holds_values
            kept.append(Pass(x, self.layer(self.hidden, x, values=values, once=once)))
        return kept

    def load(self, chunk: Chunk, x: Sequence[Stack], more: int = 0) -> None:
        """Inputs of a chunk in one table; ``more`` block rows of points are behind them."""
        if not self.blocks:
            return
        rows = sum(stack.all_row_blocks for stack in x) + more
        values = self.context.rules.holds_values
        varies = values or more > 0 or (chunk.space > 0 and not self.context.fixed)
        holds = () if varies else (chunk.number, self.points)
        table = Table(rows, self.layers[0].inputs, self.context.at(0).inputs, varies, holds)
        self.tables[table] = 1 if holds else self.tables[table] + 1  # constants stay until the backward pass

    def column(self, bits: int = WIDE) -> Stack:
        """A number for each point."""
        return Stack(self.blocks, 1, bits)

    def weighted(self, parts: int, bits: int) -> None:
        """A sum of columns with a weight each."""
        if not parts or not self.blocks:
            return
        settings = self.context.experiment.estimator
        repeated = settings.shared or self.context.along_axes
        self.work[Lanes(_KINDS.SUM_PARTS, parts, self.blocks, 1, (WIDE, WIDE), bits, False, repeated)] += 1
        if not repeated:
            self.tables[Table(parts * self.blocks, 1, WIDE, True)] += 1

    def decode(self, count: int) -> None:
        """Outputs of so many rows back to FP32."""
        if count:
            self.work[Decoding(count, WIDE)] += 1
