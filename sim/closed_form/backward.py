"""The backward pass of a micro-batch."""

from collections.abc import Sequence

from pinta_hw.spec.formats import blocks
from pinta_hw.spec.isa.elementwise import ElementwiseOperation

from .context import Chunk
from .estimators import WayBack, sum_products
from .forward import Forward
from .row_sums import RowSums
from .rows import WIDE, Pass, Rows
from .stack import Stack, lanes, zeros
from .tables import Table
from .work import Encoding, Lanes

_KINDS = ElementwiseOperation


class Backward:
    """Gradients of the rows of all chunks, then of the values, and the contractions for the weights.

    Parameters
    ----------
    rows : Rows
        Counts in the phase ``backward``.
    forward : Forward
        What the forward pass has kept.
    others : int
        Boundary points of all conditions.
    sums : RowSums
        Contracts over the rows of several passes.
    """

    def __init__(self, rows: Rows, forward: Forward, others: int, sums: RowSums) -> None:
        self._rows, self._forward, self._others, self._sums = rows, forward, others, sums
        self._context, self._work = rows.context, rows.work
        context, rules = rows.context, rows.context.rules
        bends: list[Stack | None] = [None] * rows.hidden
        terms: list[list[tuple[Stack, Stack]]] = [[] for _ in range(rows.hidden)]
        if context.laplacian_row and "laplacian" in context.problem.gradients and context.chunks:
            self._backward_laplacian(bends, terms)
        to_base: list[list[Stack]] = [[] for _ in range(rows.hidden)]
        base: Stack | None = None
        several = len(context.chunks) > 1
        for number, chunk in enumerate(context.chunks):
            if several:
                self._sums.contract()
            kept = self._forward.only if self._forward.only is not None else rows.chunk(chunk, once=True)
            part = self._backward_chunk(chunk, kept, bends, to_base)
            if part is not None:
                base = part if base is None else lanes(rows.work, _KINDS.ADD, WIDE, a=base, c=part._replace())
            last = number == len(context.chunks) - 1
            points = sum(stack.rows for stack in self._forward.values[0].x) if last else 0
            rows.load(chunk, kept[0].x, more=points)
        if not context.chunks or not rows.blocks:
            self._load_points()
        for own, slopes, of_directions in zip(terms, rows.slopes, to_base, strict=True):
            if of_directions:
                own += rules.base_terms(slopes, of_directions)
        self._backward_values(base, terms)
        self._sums.contract()

    def _load_points(self) -> None:
        rows = sum(stack.rows for stack in self._forward.values[0].x)
        if rows:
            self._rows.tables[Table(rows, self._rows.layers[0].inputs, self._context.at(0).inputs, True)] += 1

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
        layer, own = self._rows.layers[index], self._context.at(index)
        self._sums.add(index, layer, own, x, g, values=values, again=again)
        rows = sum(stack.row_blocks for stack in g)
        if inputs and rows:
            self._work[layer.backward(rows, own)] += 1
        return [stack._replace(columns=blocks(layer.inputs), bits=WIDE, pieces=1) for stack in g]

    def _encoded(self, count: int, bits: int) -> Stack:
        """A gradient of an output."""
        if not count:
            return zeros(0, 1)._replace(bits=bits)
        self._work[Encoding(count, 1, bits, 1)] += 1
        return Stack(blocks(count), 1, bits)

    def _backward_laplacian(self, bends: list[Stack | None], terms: list[list[tuple[Stack, Stack]]]) -> None:
        context, work = self._context, self._work
        g = self._encoded(self._rows.points, context.at(self._rows.hidden).gradients)
        for index in reversed(range(self._rows.hidden)):
            (after,) = self._backward_layer(index + 1, self._forward.laplacian[index + 1].x, [g], inputs=True)
            slopes, squares, s = (
                self._rows.slopes[index],
                self._forward.squares[index],
                self._forward.laplacian[index].y[0],
            )
            assert squares is not None
            bends[index] = lanes(work, _KINDS.MULTIPLY, WIDE, a=slopes(2), b=after)
            curvature = lanes(work, _KINDS.DOT2, WIDE, a=slopes(2), b=s, c=slopes(3), d=squares)
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
                if parts and self._rows.blocks:
                    widths = g[0].bits, WIDE
                    work[Lanes(_KINDS.SUM_PARTS, parts, self._rows.blocks, 1, widths, WIDE, False, True)] += 1
                    base = self._rows.column()
            values = g if context.rules.holds_values else []
            after = self._backward_layer(self._rows.hidden, kept[-1].x, g, inputs=True, values=values, again=again)
        else:
            after = [stack._replace(present=(False, False)) for stack in kept[-1].y]
        for index in reversed(range(self._rows.hidden)):
            way = WayBack(kept[index].y, after, chunk.counts, bends[index], context.at(index).gradients)
            g, sums = context.rules.activate_backward(work, self._rows.slopes[index], way)
            before = to_base[index]
            to_base[index] = (
                [lanes(work, _KINDS.ADD, WIDE, a=a, c=b) for a, b in zip(before, sums, strict=True)] if before else sums
            )
            values = g if context.rules.holds_values else []
            after = self._backward_layer(index, kept[index].x, g, inputs=index > 0, values=values, again=again)
        return base

    def _gradients_of_rows(self, chunk: Chunk, y: list[Stack]) -> list[Stack]:
        """Gradients of the network's outputs on the rows of a chunk."""
        context = self._context
        for kind in context.reduced:
            for _ in range(context.problem.space if kind == "direction" else 1):
                self._encoded(self._rows.points, WIDE)
        bits = context.at(self._rows.hidden).gradients
        first = int(context.along_axes) or context.problem.space
        outputs = {"direction": first, "time": 1, "laplacian": 1}
        parts = {kind: count * (kind in context.reduced) for kind, count in outputs.items()}
        found = []
        for of_plane in context.rules.weights(parts):
            for of_group, count in zip(of_plane, chunk.counts, strict=True):
                for _ in range(count):
                    self._rows.weighted(of_group, bits)
            present = of_plane[0] > 0, of_plane[1] > 0
            stack = Stack(self._rows.blocks, 1, bits, chunk.counts, present)
            found.append(stack._replace(pieces=max(1, stack.planes)))
        return [single for stack in found for single in stack.singles] if context.rules.holds_values else found

    def _backward_values(self, base: Stack | None, terms: list[list[tuple[Stack, Stack]]]) -> None:
        context, work = self._context, self._work
        bits = context.at(self._rows.hidden).gradients
        planes: dict[str, Stack] = {}
        for plane, count in (("base", self._rows.points), ("boundary", self._others)):
            if plane in self._context.problem.outputs and plane in context.problem.gradients:
                planes[plane] = self._encoded(count, bits)
        if base is not None:
            own = planes.get("base", zeros(self._rows.blocks, 1))
            planes = {"base": lanes(work, _KINDS.ADD, bits, a=own, c=base), **planes}
        after: dict[str, Stack] = {}
        if planes:
            after = self._values_layer(self._rows.hidden, planes, inputs=True)
        for index in reversed(range(self._rows.hidden)):
            self._sums.contract(index + 1)
            below, slopes = context.at(index).gradients, self._rows.slopes[index]
            y = self._forward.values[index].y
            planes = {}
            pairs = ([(slopes(1), after["base"])] if "base" in after else []) + terms[index]
            if pairs:
                planes["base"] = sum_products(work, pairs, below)
            if "boundary" in after:
                slope = lanes(work, _KINDS.TABLE, WIDE, a=y[1]) if y[1].rows else y[1]
                planes["boundary"] = lanes(work, _KINDS.MULTIPLY, below, a=slope, b=after["boundary"])
            after = self._values_layer(index, planes, inputs=index > 0) if planes else {}

    def _values_layer(self, index: int, planes: dict[str, Stack], *, inputs: bool) -> dict[str, Stack]:
        x = self._forward.values[index].x
        names = (
            ["base", "boundary"]
            if len(x) == 2
            else ["boundary" if "boundary" in self._context.problem.outputs else "base"]
        )
        g = [planes.get(name, zeros(0, 1)) for name in names]
        after = self._backward_layer(index, x, g, inputs=inputs, values=g)
        return {name: plane for name, plane in zip(names, after, strict=True) if name in planes}
