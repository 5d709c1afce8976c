"""The operations of one micro-batch, as `golden.differentiation` asks for them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pinta_hw.spec.experiment import Experiment, Precision
from pinta_hw.spec.formats import blocks
from pinta_hw.spec.isa.elementwise import ElementwiseOperation
from pinta_hw.spec.isa.real import VECTOR_OPERATION_OF, VectorOperation

from .estimators import RULES, Rules, sum_products
from .layers import LayerShape
from .problem import ProblemShape
from .row_sums import RowSums
from .slopes import Slopes
from .stack import Stack, constant, lanes, sum_parts, zeros
from .tables import Table
from .work import Decoding, Encoding, Lanes, Numbers, Phases, Product

_KINDS = ElementwiseOperation
_WIDE = 16


@dataclass(frozen=True)
class Chunk:
    """Directions that are carried together: of space, and time."""

    space: int
    time: int
    number: int

    @property
    def counts(self) -> tuple[int, int]:
        """Planes of each group."""
        return self.space, self.time


@dataclass(frozen=True)
class StepContext:
    """What all micro-batches of a step share."""

    experiment: Experiment
    problem: ProblemShape
    layers: tuple[LayerShape, ...]

    @cached_property
    def _precisions(self) -> list[Precision]:
        count = len(self.layers)
        return [self.experiment.precision.for_layer(index, count) for index in range(count)]

    def at(self, index: int) -> Precision:
        """Precisions of a layer."""
        return self._precisions[index]

    @cached_property
    def directions(self) -> int:
        """Directions of space."""
        if not self.problem.outputs & {"direction", "laplacian"}:
            return 0
        count = self.experiment.estimator.count
        return self.problem.space if count is None else count

    @cached_property
    def along_axes(self) -> bool:
        """Whether each direction is one coordinate's."""
        return self.experiment.estimator.directions == "coordinate"

    @cached_property
    def fixed(self) -> bool:
        """Whether all steps have the same directions."""
        return self.along_axes and self.directions == self.problem.space

    @cached_property
    def chunks(self) -> list[Chunk]:
        """All directions, then time."""
        size, space = self.experiment.estimator.chunk, self.directions
        total = space + ("time" in self.problem.outputs)
        return [
            Chunk(max(0, min(size, space - at)), int(at + size > space and total > space), number)
            for number, at in enumerate(range(0, total, size))
        ]

    @cached_property
    def rules(self) -> Rules:
        """Of the estimator."""
        return RULES[self.experiment.estimator.name]

    @cached_property
    def laplacian_row(self) -> bool:
        """Whether the Laplacian is a row of its own."""
        return self.rules.laplacian_row and "laplacian" in self.problem.outputs

    @cached_property
    def reduced(self) -> list[str]:
        """Kinds of outputs that are sums over the directions."""
        found: list[str] = [name for name in ("direction", "time") if name in self.problem.outputs]
        if "laplacian" in self.problem.outputs and not self.laplacian_row:
            found.append("laplacian")
        return found


@dataclass(frozen=True)
class Pass:
    """Of one layer in one pass: inputs and outputs."""

    x: list[Stack]
    y: list[Stack]

    @property
    def words(self) -> int:
        """Scratchpad words."""
        return sum(stack.words for stack in (*self.x, *self.y))


class MicroBatch:
    """Forward, residual and backward pass for some points.

    Parameters
    ----------
    context : StepContext
        The step.
    points, others : int
        Interior points, and boundary points of all conditions.

    Attributes
    ----------
    phases : dict of Counter
        Operations by phase.
    tables : Counter
        What is loaded.
    begun : dict
        The first product of each sum of weights' gradients.
    """

    def __init__(self, context: StepContext, points: int, others: int) -> None:
        self.phases: Phases = {name: Counter() for name in ("forward", "residual", "backward")}
        self.tables: Counter[Table] = Counter()
        self.begun: dict[tuple[int, str], Product] = {}
        self.kept_words = self.largest_words = 0
        self._context, self._points, self._others = context, points, others
        self._rows = blocks(points)
        self._layers, self._hidden = context.layers, len(context.layers) - 1
        self._outputs = context.problem.outputs
        self._work = self.phases["forward"]
        self._forward()
        self._residual()
        self._work = self.phases["backward"]
        self._sums = RowSums(self.phases, self.begun)
        self._backward()

    def _forward(self) -> None:
        context = self._context
        self._values = self._forward_values()
        self._slopes = self._new_slopes()
        self._squares: list[Stack | None] = [None] * self._hidden
        self._only: list[Pass] | None = None
        chunk_words = []
        for chunk in context.chunks:
            kept = self._forward_chunk(chunk, squares=context.laplacian_row, once=len(context.chunks) == 1)
            self._add_outputs(chunk, kept)
            chunk_words.append(sum(of.words for of in kept))
            self.largest_words = max(self.largest_words, *(stack.words for of in kept for stack in of.y))
            self._only = kept if len(context.chunks) == 1 else None
            if self._only is None:
                self._load_rows(chunk, kept[0].x)
        if context.laplacian_row and context.chunks:
            self._forward_laplacian()
        self.kept_words += sum(of.words for of in self._values) + max(chunk_words, default=0)
        self.kept_words += sum(stack.words for stack in self._squares if stack is not None)

    def _new_slopes(self) -> list[Slopes]:
        return [Slopes(self._work, self._rows, blocks(layer.outputs)) for layer in self._layers[:-1]]

    def _forward_values(self) -> list[Pass]:
        context = self._context
        counts = [self._points, *([self._others] if "boundary" in self._outputs else [])]
        x = [self._rows_of(count, self._layers[0].inputs, context.at(0).inputs) for count in counts]
        found = []
        for index in range(self._hidden):
            y = self._forward_layer(index, x, values=True)
            found.append(Pass(x, y))
            above = context.at(index + 1).activations
            x = [lanes(self._work, _KINDS.TABLE, above, a=plane) for plane in y]
        wanted = ["base" in self._outputs or context.rules.needs_value, "boundary" in self._outputs]
        x = [plane for plane, keep in zip(x, wanted, strict=False) if keep]
        if x:
            found.append(Pass(x, self._forward_layer(self._hidden, x, values=True)))
            for plane, count in (("base", self._points), ("boundary", self._others)):
                if plane in self._outputs:
                    self._decode(count)
        return found

    def _rows_of(self, count: int, columns: int, bits: int) -> Stack:
        return Stack(blocks(count), blocks(columns), bits) if count else zeros(0, blocks(columns))._replace(bits=bits)

    def _decode(self, count: int) -> None:
        if count:
            self._work[Decoding(count, _WIDE)] += 1

    def _forward_layer(self, index: int, x: Sequence[Stack], *, values: bool, once: bool = True) -> list[Stack]:
        """Outputs of a layer; rows that go through it ``once`` lie together, because they are contracted later.

        Those of the first layer come together from outside.
        """
        layer, own = self._layers[index], self._context.at(index)
        segments, bits = [rows for stack in x for rows in stack.segments], x[0].bits
        total = sum(segments)
        if index == 0 and total:
            segments = [total]
        if layer.rank and not once:
            for rows in segments:
                self._work[layer.factor(rows, bits, own)] += 1
        for rows in [total] if layer.rank or once else segments:
            if rows:
                self._work[layer.forward(rows, bits, own)] += 1
        columns = blocks(layer.outputs)
        y = [stack._replace(columns=columns, bits=_WIDE, pieces=1) for stack in x]
        if values:
            row = Stack(1, columns, _WIDE)
            y = [lanes(self._work, _KINDS.ADD_ROW, _WIDE, a=stack, c=row) if stack.rows else stack for stack in y]
        return y

    def _forward_chunk(self, chunk: Chunk, *, squares: bool, once: bool) -> list[Pass]:
        context, work = self._context, self._work
        plane = Stack(self._rows, blocks(self._layers[0].inputs), context.at(0).inputs)
        x, kept = context.rules.rows(plane, chunk.counts), []
        for index, slopes in enumerate(self._slopes):
            y = self._forward_layer(index, x, values=context.rules.holds_values, once=once)
            kept.append(Pass(x, y))
            if squares and chunk.space:
                part, before = sum_parts(work, y[0], y[0], (True, False)), self._squares[index]
                self._squares[index] = (
                    part if before is None else lanes(work, _KINDS.ADD, _WIDE, a=before, c=part._replace())
                )
            x = context.rules.activate(work, slopes, y, chunk.counts, context.at(index + 1))
        if context.reduced:
            values = context.rules.holds_values
            kept.append(Pass(x, self._forward_layer(self._hidden, x, values=values, once=once)))
        return kept

    def _load_rows(self, chunk: Chunk, x: Sequence[Stack], more: int = 0) -> None:
        """Inputs of a chunk in one table; ``more`` block rows of points are behind them."""
        if not self._rows:
            return
        rows = sum(stack.all_row_blocks for stack in x) + more
        values = self._context.rules.holds_values
        varies = values or more > 0 or (chunk.space > 0 and not self._context.fixed)
        holds = () if varies else (chunk.number, self._points)
        self.tables[Table(rows, self._layers[0].inputs, self._context.at(0).inputs, varies, holds)] += 1

    # Outputs that are sums over the directions.

    def _column(self, bits: int = _WIDE) -> Stack:
        return Stack(self._rows, 1, bits)

    def _weighted(self, parts: int, bits: int) -> None:
        """A sum of columns with a weight each."""
        if not parts or not self._rows:
            return
        settings = self._context.experiment.estimator
        repeated = settings.shared or self._context.along_axes
        self._work[Lanes(_KINDS.SUM_PARTS, parts, self._rows, 1, (_WIDE, _WIDE), bits, False, repeated)] += 1
        if not repeated:
            self.tables[Table(parts * self._rows, 1, _WIDE, True)] += 1

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
        if not self._context.reduced or not self._rows:
            return
        planes_of = self._context.rules.planes_of
        if self._context.rules.needs_value:
            base = self._column()
            for _ in kept[-1].y:
                lanes(self._work, _KINDS.MULTIPLY_ADD, _WIDE, a=base, b=constant(base), c=self._column())
        for kind, count, rows in self._outputs_of(chunk):
            if not rows:
                continue
            adds = chunk.number > 0 and kind != "time" and not (kind == "direction" and self._context.along_axes)
            for _ in range(count):
                self._weighted(planes_of[kind] * rows, _WIDE)
                self._decode(self._points)
                if adds:
                    self._work[Numbers(VectorOperation.ADD, self._points)] += 1

    def _forward_laplacian(self) -> None:
        work, context = self._work, self._context
        s = zeros(self._rows, blocks(self._layers[0].outputs))
        self._laplacian = [Pass([], [s])]
        for index, slopes in enumerate(self._slopes):
            squares = self._squares[index]
            assert squares is not None
            bits = context.at(index + 1).bits_of("s_rows")
            x = [lanes(work, _KINDS.DOT2, bits, a=slopes(1), b=self._laplacian[-1].y[0], c=slopes(2), d=squares)]
            self._laplacian.append(Pass(x, self._forward_layer(index + 1, x, values=False)))
        self._decode(self._points)
        self.kept_words += sum(of.words for of in self._laplacian)

    # The residual of each point.

    def _residual(self) -> None:
        problem, work = self._context.problem, self.phases["residual"]
        lengths = dict.fromkeys(problem.interior, self._points)
        lengths |= dict.fromkeys((*problem.boundary, "boundary_scale"), self._others)
        loaded: set[str] = set()
        for step in problem.program:
            sizes = [self._length(name, lengths) for name in step.operands]
            length = max(sizes)
            lengths[step.result] = length
            if not length or 0 in sizes:
                lengths[step.result] = 0
                continue
            scalars = [size < length for size in sizes]
            work[Numbers(VECTOR_OPERATION_OF[step.operation], length, scalars[0], scalars[-1])] += 1
            constants = (problem.interior | problem.boundary) & set(step.operands)
            for name in constants - loaded:
                self.tables[Table.of_numbers(lengths[name])] += 1
            loaded |= constants

    def _length(self, name: str, lengths: dict[str, int]) -> int:
        if name in lengths:
            return lengths[name]
        kind = name.rstrip("0123456789")
        if kind in ("base", "direction", "time", "laplacian"):
            return self._points
        return self._others if kind == "boundary" else 1

    # The backward pass.

    def _backward(self) -> None:
        context, rules = self._context, self._context.rules
        self._slopes = self._new_slopes()
        bends: list[Stack | None] = [None] * self._hidden
        terms: list[list[tuple[Stack, Stack]]] = [[] for _ in range(self._hidden)]
        if context.laplacian_row and "laplacian" in context.problem.gradients and context.chunks:
            self._backward_laplacian(bends, terms)
        to_base: list[list[Stack]] = [[] for _ in range(self._hidden)]
        base: Stack | None = None
        several = len(context.chunks) > 1
        for number, chunk in enumerate(context.chunks):
            if several:
                self._sums.contract()
            kept = self._only if self._only is not None else self._forward_chunk(chunk, squares=False, once=True)
            part = self._backward_chunk(chunk, kept, bends, to_base)
            if part is not None:
                base = part if base is None else lanes(self._work, _KINDS.ADD, _WIDE, a=base, c=part._replace())
            last = number == len(context.chunks) - 1
            points = sum(stack.rows for stack in self._values[0].x) if last else 0
            self._load_rows(chunk, kept[0].x, more=points)
        if not context.chunks or not self._rows:
            self._load_points()
        for own, slopes, of_directions in zip(terms, self._slopes, to_base, strict=True):
            if of_directions:
                own += rules.base_terms(slopes, of_directions)
        self._backward_values(base, terms)
        self._sums.contract()

    def _load_points(self) -> None:
        rows = sum(stack.rows for stack in self._values[0].x)
        if rows:
            self.tables[Table(rows, self._layers[0].inputs, self._context.at(0).inputs, True)] += 1

    def _backward_layer(
        self,
        index: int,
        x: list[Stack],
        g: list[Stack],
        *,
        inputs: bool,
        values: Sequence[Stack] = (),
        again: bool = False,
    ) -> list[Stack]:
        """Gradients of the inputs; ``values`` are the planes whose gradients reach the bias.

        ``again`` says that the rows were computed a second time.
        """
        layer, own = self._layers[index], self._context.at(index)
        self._sums.add(index, layer, own, x, g, values=values, again=again)
        rows = sum(stack.row_blocks for stack in g)
        if inputs and rows:
            self._work[layer.backward(rows, own)] += 1
        return [stack._replace(columns=blocks(layer.inputs), bits=_WIDE, pieces=1) for stack in g]

    def _encoded(self, count: int, bits: int) -> Stack:
        """A gradient of an output."""
        if not count:
            return zeros(0, 1)._replace(bits=bits)
        self._work[Encoding(count, 1, bits, 1)] += 1
        return Stack(blocks(count), 1, bits)

    def _backward_laplacian(self, bends: list[Stack | None], terms: list[list[tuple[Stack, Stack]]]) -> None:
        context, work = self._context, self._work
        g = self._encoded(self._points, context.at(self._hidden).gradients)
        for index in reversed(range(self._hidden)):
            (after,) = self._backward_layer(index + 1, self._laplacian[index + 1].x, [g], inputs=True)
            slopes, squares, s = self._slopes[index], self._squares[index], self._laplacian[index].y[0]
            assert squares is not None
            bends[index] = lanes(work, _KINDS.MULTIPLY, _WIDE, a=slopes(2), b=after)
            curvature = lanes(work, _KINDS.DOT2, _WIDE, a=slopes(2), b=s, c=slopes(3), d=squares)
            terms[index].append((curvature, after))
            g = lanes(work, _KINDS.MULTIPLY, context.at(index).gradients, a=slopes(1), b=after)

    def _backward_chunk(
        self, chunk: Chunk, kept: list[Pass], bends: list[Stack | None], to_base: list[list[Stack]]
    ) -> Stack | None:
        """Adds to the sums and to ``to_base``; the gradient of the base's output, if the estimator takes that."""
        context, work, again = self._context, self._work, len(self._context.chunks) > 1
        base = None
        if context.reduced:
            g = self._gradients_of_rows(chunk, kept[-1].y)
            if context.rules.needs_value:
                parts = sum(stack.planes for stack in g)
                if parts and self._rows:
                    widths = g[0].bits, _WIDE
                    work[Lanes(_KINDS.SUM_PARTS, parts, self._rows, 1, widths, _WIDE, False, True)] += 1
                    base = self._column()
            values = g if context.rules.holds_values else []
            after = self._backward_layer(self._hidden, kept[-1].x, g, inputs=True, values=values, again=again)
        else:
            after = [stack._replace(present=(False, False)) for stack in kept[-1].y]
        for index in reversed(range(self._hidden)):
            bits = context.at(index).gradients
            g, sums = context.rules.activate_backward(
                work, self._slopes[index], kept[index].y, after, chunk.counts, bends[index], bits
            )
            before = to_base[index]
            to_base[index] = (
                [lanes(work, _KINDS.ADD, _WIDE, a=a, c=b) for a, b in zip(before, sums, strict=True)]
                if before
                else sums
            )
            values = g if context.rules.holds_values else []
            after = self._backward_layer(index, kept[index].x, g, inputs=index > 0, values=values, again=again)
        return base

    def _gradients_of_rows(self, chunk: Chunk, y: list[Stack]) -> list[Stack]:
        """Gradients of the network's outputs on the rows of a chunk."""
        context = self._context
        for kind in context.reduced:
            for _ in range(context.problem.space if kind == "direction" else 1):
                self._encoded(self._points, _WIDE)
        bits = context.at(self._hidden).gradients
        first = int(context.along_axes) or context.problem.space
        outputs = {"direction": first, "time": 1, "laplacian": 1}
        parts = {kind: count * (kind in context.reduced) for kind, count in outputs.items()}
        found = []
        for of_plane in context.rules.weights(parts):
            for of_group, count in zip(of_plane, chunk.counts, strict=True):
                for _ in range(count):
                    self._weighted(of_group, bits)
            present = of_plane[0] > 0, of_plane[1] > 0
            stack = Stack(self._rows, 1, bits, chunk.counts, present)
            found.append(stack._replace(pieces=max(1, stack.planes)))
        return [single for stack in found for single in stack.singles] if context.rules.holds_values else found

    def _backward_values(self, base: Stack | None, terms: list[list[tuple[Stack, Stack]]]) -> None:
        context, work = self._context, self._work
        bits = context.at(self._hidden).gradients
        planes: dict[str, Stack] = {}
        for plane, count in (("base", self._points), ("boundary", self._others)):
            if plane in self._outputs and plane in context.problem.gradients:
                planes[plane] = self._encoded(count, bits)
        if base is not None:
            own = planes.get("base", zeros(self._rows, 1))
            planes = {"base": lanes(work, _KINDS.ADD, bits, a=own, c=base), **planes}
        after: dict[str, Stack] = {}
        if planes:
            after = self._values_layer(self._hidden, planes, inputs=True)
        for index in reversed(range(self._hidden)):
            self._sums.contract(index + 1)
            below, slopes = context.at(index).gradients, self._slopes[index]
            y = self._values[index].y
            planes = {}
            pairs = ([(slopes(1), after["base"])] if "base" in after else []) + terms[index]
            if pairs:
                planes["base"] = sum_products(work, pairs, below)
            if "boundary" in after:
                slope = lanes(work, _KINDS.TABLE, _WIDE, a=y[1]) if y[1].rows else y[1]
                planes["boundary"] = lanes(work, _KINDS.MULTIPLY, below, a=slope, b=after["boundary"])
            after = self._values_layer(index, planes, inputs=index > 0) if planes else {}

    def _values_layer(self, index: int, planes: dict[str, Stack], *, inputs: bool) -> dict[str, Stack]:
        x = self._values[index].x
        names = ["base", "boundary"] if len(x) == 2 else ["boundary" if "boundary" in self._outputs else "base"]
        g = [planes.get(name, zeros(0, 1)) for name in names]
        after = self._backward_layer(index, x, g, inputs=inputs, values=g)
        return {name: plane for name, plane in zip(names, after, strict=True) if name in planes}
