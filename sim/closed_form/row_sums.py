"""Contractions of weights' gradients over the rows of several passes (`golden.row_sums`)."""

from collections import Counter
from collections.abc import Sequence

from pinta_hw.spec.accumulator import MAX_CONTRACTION
from pinta_hw.spec.experiment import Precision
from pinta_hw.spec.formats import BLOCK_SIDE, blocks

from .layers import LayerShape
from .stack import Stack
from .work import Product, Work

_MOST = MAX_CONTRACTION // BLOCK_SIDE


class RowSums:
    """Operands that wait for their contraction.

    Parameters
    ----------
    work : Counter
        Where the products are counted.
    begun : dict
        The first product of each sum, which has nothing to add to.
    """

    def __init__(self, work: Counter[Work], begun: dict[tuple[int, str], Product]) -> None:
        self._work, self._begun = work, begun
        self._waiting: dict[tuple[int, str], list[tuple[int, int, int, int]]] = {}
        self._sizes: dict[tuple[int, str], tuple[int, int]] = {}

    def add(
        self, index: int, layer: LayerShape, own: Precision, x: list[Stack], g: list[Stack], values: Sequence[Stack]
    ) -> None:
        """Of a pass through layer ``index``: its inputs, the gradients of its outputs, those of values among them."""
        rows = sum(min(a.row_blocks, b.row_blocks) for a, b in zip(x, g, strict=True))
        every = sum(a.all_row_blocks for a in x)
        bits, out = x[0].bits, own.gradients
        if layer.rank:
            middle = own.bits_of("tt_intermediate")
            self._add(index, "output_side", (layer.outputs, layer.rank), rows, every, out, middle)
            self._add(index, "input_side", (layer.inputs, layer.rank), rows, every, bits, out)
        else:
            self._add(index, "weight", (layer.inputs, layer.outputs), rows, every, bits, out)
        biased = sum(stack.row_blocks for stack in values)
        if biased:
            self._add(index, "bias", (1, layer.outputs), biased, biased, out, out)

    def _add(self, index: int, name: str, size: tuple[int, int], rows: int, every: int, a: int, b: int) -> None:
        self._sizes[index, name] = size
        self._waiting.setdefault((index, name), []).append((rows, every, a, b))

    def contract(self, index: int | None = None) -> None:
        """Contract what waits for a layer, or for all."""
        for key in [key for key in self._waiting if index is None or key[0] == index]:
            run: list[tuple[int, int, int, int]] = []
            for pair in self._waiting.pop(key):
                if run and (pair[2:] != run[-1][2:] or sum(each[1] for each in run) + pair[1] > _MOST):
                    self._contract(key, run)
                    run = []
                run.append(pair)
            self._contract(key, run)

    def _contract(self, key: tuple[int, str], run: list[tuple[int, int, int, int]]) -> None:
        rows, (_, _, a_bits, b_bits), size = sum(each[0] for each in run), run[0], self._sizes[key]
        while rows:
            k = min(rows, _MOST)
            product = Product(blocks(size[0]), blocks(size[1]), k, a_bits, b_bits, 0, size, True)
            self._begun.setdefault(key, product)
            self._work[product] += 1
            rows -= k
