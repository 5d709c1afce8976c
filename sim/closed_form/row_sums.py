"""Contractions of weights' gradients over the rows of several passes (`golden.row_sums`).

Operands of one contraction lie below each other. So in a tensor train the products with the input side, and those of
the gradients with the output side, are one product for all passes of a contraction, too (`golden.lowering.products`).
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from pinta_hw.spec.accumulator import MAX_CONTRACTION
from pinta_hw.spec.experiment import Precision
from pinta_hw.spec.formats import BLOCK_SIDE, blocks

from .layers import LayerShape
from .stack import Stack
from .work import Phases, Product, Work

_MOST = MAX_CONTRACTION // BLOCK_SIDE


class _Operands(NamedTuple):
    """Of one pass: block rows that are contracted, all rows, precisions, and rows of the forward pass."""

    rows: int
    every: int
    a_bits: int
    b_bits: int
    forward_rows: int = 0
    again: bool = False
    """Whether the forward pass was computed a second time."""


class RowSums:
    """Operands that wait for their contraction.

    Parameters
    ----------
    phases : mapping of str to Counter
        Where the products are counted.
    begun : dict
        The first product of each sum, which has nothing to add to.
    """

    def __init__(self, phases: Phases, begun: dict[tuple[int, str], Product]) -> None:
        self._phases, self._begun = phases, begun
        self._waiting: dict[tuple[int, str], list[_Operands]] = {}
        self._layers: dict[int, tuple[LayerShape, Precision]] = {}

    def add(
        self,
        index: int,
        layer: LayerShape,
        own: Precision,
        x: Sequence[Stack],
        g: Sequence[Stack],
        *,
        values: Sequence[Stack],
        again: bool,
    ) -> None:
        """Of a pass through layer ``index``: its inputs, the gradients of its outputs, those of values among them."""
        self._layers[index] = layer, own
        rows = sum(min(a.row_blocks, b.row_blocks) for a, b in zip(x, g, strict=True))
        every = sum(stack.all_row_blocks for stack in x)
        bits, out = x[0].bits, own.gradients
        if layer.rank:
            self._add(index, "output_side", _Operands(rows, every, out, own.bits_of("tt_intermediate")))
            taken = sum(stack.row_blocks for stack in x)
            self._add(index, "input_side", _Operands(rows, every, bits, out, taken, again))
        else:
            self._add(index, "weight", _Operands(rows, every, bits, out))
        biased = sum(stack.row_blocks for stack in values)
        if biased:
            self._add(index, "bias", _Operands(biased, biased, out, out))

    def _add(self, index: int, name: str, operands: _Operands) -> None:
        self._waiting.setdefault((index, name), []).append(operands)

    def contract(self, index: int | None = None) -> None:
        """Contract what waits for a layer, or for all."""
        for key in [key for key in self._waiting if index is None or key[0] == index]:
            run: list[_Operands] = []
            for operands in self._waiting.pop(key):
                if run and not _fits(run, operands):
                    self._contract(key, run)
                    run = []
                run.append(operands)
            self._contract(key, run)

    def _contract(self, key: tuple[int, str], run: list[_Operands]) -> None:
        index, name = key
        layer, own = self._layers[index]
        rows, backward = sum(each.rows for each in run), self._phases["backward"]
        if name == "input_side":
            self._multiply(layer, own, run)
        size = {
            "output_side": (layer.outputs, layer.rank),
            "input_side": (layer.inputs, layer.rank),
            "weight": (layer.inputs, layer.outputs),
            "bias": (1, layer.outputs),
        }[name]
        while rows:
            k = min(rows, _MOST)
            product = Product(blocks(size[0]), blocks(size[1]), k, run[0].a_bits, run[0].b_bits, 0, size, True)
            self._begun.setdefault(key, product)
            backward[product] += 1
            rows -= k

    def _multiply(self, layer: LayerShape, own: Precision, run: list[_Operands]) -> None:
        """The products with both sides of a train."""
        rows, forward_rows = sum(each.rows for each in run), sum(each.forward_rows for each in run)
        phase: Counter[Work] = self._phases["backward" if all(each.again for each in run) else "forward"]
        if forward_rows:
            phase[layer.factor(forward_rows, run[0].a_bits, own)] += 1
        if rows:
            self._phases["backward"][layer.factor_gradient(rows, own)] += 1


def _fits(run: list[_Operands], operands: _Operands) -> bool:
    alike = (run[-1].a_bits, run[-1].b_bits) == (operands.a_bits, operands.b_bits)
    return alike and sum(each.every for each in run) + operands.every <= _MOST
