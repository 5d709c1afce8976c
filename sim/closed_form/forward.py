"""The forward pass of a micro-batch."""

from collections.abc import Iterator

from pinta_hw.spec.formats import blocks
from pinta_hw.spec.isa.elementwise import ElementwiseOperation
from pinta_hw.spec.isa.real import VectorOperation

from .context import Chunk
from .rows import WIDE, Pass, Rows
from .stack import Stack, constant, lanes, zeros
from .work import Numbers

_KINDS = ElementwiseOperation


class Forward:
    """Values, the rows of all chunks, and the row of the Laplacian where there is one.

    Parameters
    ----------
    rows : Rows
        Counts in the phase ``forward``.
    others : int
        Boundary points of all conditions.

    Attributes
    ----------
    values : list of Pass
        Of points and boundary points, layer by layer.
    squares : list of Stack or None
        Sums over the directions at each activation.
    only : list of Pass or None
        The rows of the only chunk; those of several are computed a second time.
    laplacian : list of Pass
        Of the row of the Laplacian.
    kept_words, largest_words : int
        Scratchpad words, of what is kept for the backward pass and of the largest rows of a layer.
    """

    def __init__(self, rows: Rows, others: int) -> None:
        self._rows, self._others = rows, others
        self._context, self._work = rows.context, rows.work
        self.kept_words = self.largest_words = 0
        self.laplacian: list[Pass] = []
        context = rows.context
        self.values = self._forward_values()
        self.squares: list[Stack | None] = [None] * rows.hidden
        self.only: list[Pass] | None = None
        squares = self.squares if context.laplacian_row else None
        chunk_words = []
        for chunk in context.chunks:
            kept = rows.chunk(chunk, squares, once=len(context.chunks) == 1)
            self._add_outputs(chunk, kept)
            chunk_words.append(sum(of.words for of in kept))
            self.largest_words = max(self.largest_words, *(stack.words for of in kept for stack in of.y))
            self.only = kept if len(context.chunks) == 1 else None
            if self.only is None:
                rows.load(chunk, kept[0].x)
        if context.laplacian_row and context.chunks:
            self._forward_laplacian()
        self.kept_words += sum(of.words for of in self.values) + max(chunk_words, default=0)
        self.kept_words += sum(stack.words for stack in self.squares if stack is not None)

    def _forward_values(self) -> list[Pass]:
        context, outputs = self._context, self._context.problem.outputs
        counts = [self._rows.points, *([self._others] if "boundary" in outputs else [])]
        x = [self._rows_of(count, self._rows.layers[0].inputs, context.at(0).inputs) for count in counts]
        found = []
        for index in range(self._rows.hidden):
            y = self._rows.layer(index, x, values=True)
            found.append(Pass(x, y))
            above = context.at(index + 1).activations
            x = [lanes(self._work, _KINDS.TABLE, above, a=plane) for plane in y]
        wanted = [
            "base" in outputs or context.rules.needs_value,
            "boundary" in outputs,
        ]
        x = [plane for plane, keep in zip(x, wanted, strict=False) if keep]
        if x:
            found.append(Pass(x, self._rows.layer(self._rows.hidden, x, values=True)))
            for plane, count in (("base", self._rows.points), ("boundary", self._others)):
                if plane in outputs:
                    self._rows.decode(count)
        return found

    def _rows_of(self, count: int, columns: int, bits: int) -> Stack:
        return Stack(blocks(count), blocks(columns), bits) if count else zeros(0, blocks(columns))._replace(bits=bits)

    def _outputs_of(self, chunk: Chunk) -> Iterator[tuple[str, int, int]]:
        """Outputs that take rows of a chunk: their kind, how many there are, and rows of each in a plane."""
        for kind in self._context.reduced:
            if kind == "time":
                yield kind, 1, chunk.time
            elif kind == "laplacian":
                yield kind, 1, chunk.space
            elif self._context.along_axes:
                yield kind, chunk.space, 1
            else:
                yield kind, self._context.problem.space, chunk.space

    def _add_outputs(self, chunk: Chunk, kept: list[Pass]) -> None:
        if not self._context.reduced or not self._rows.blocks:
            return
        planes_of = self._context.rules.planes_of
        if self._context.rules.needs_value:
            base = self._rows.column()
            for _ in kept[-1].y:
                lanes(self._work, _KINDS.MULTIPLY_ADD, WIDE, a=base, b=constant(base), c=self._rows.column())
        for kind, count, rows in self._outputs_of(chunk):
            if not rows:
                continue
            adds = chunk.number > 0 and kind != "time" and not (kind == "direction" and self._context.along_axes)
            for _ in range(count):
                self._rows.weighted(planes_of[kind] * rows, WIDE)
                self._rows.decode(self._rows.points)
                if adds:
                    self._work[Numbers(VectorOperation.ADD, self._rows.points)] += 1

    def _forward_laplacian(self) -> None:
        work, context = self._work, self._context
        s = zeros(self._rows.blocks, blocks(self._rows.layers[0].outputs))
        self.laplacian = [Pass([], [s])]
        for index, slopes in enumerate(self._rows.slopes):
            squares = self.squares[index]
            assert squares is not None
            bits = context.at(index + 1).bits_of("s_rows")
            x = [lanes(work, _KINDS.DOT2, bits, a=slopes(1), b=self.laplacian[-1].y[0], c=slopes(2), d=squares)]
            self.laplacian.append(Pass(x, self._rows.layer(index + 1, x, values=False)))
        self._rows.decode(self._rows.points)
        self.kept_words += sum(of.words for of in self.laplacian)
