"""Layers by their sizes, and the work of their products."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from pinta_hw.spec.experiment import Network, Precision
from pinta_hw.spec.formats import blocks
from pinta_hw.spec.train_shape import train_shape

from .work import Encoding, Product, Work

_WIDE = 16
Core = tuple[int, int, int]


@dataclass(frozen=True)
class LayerShape:
    """A layer.

    Parameters
    ----------
    inputs, outputs : int
        Elements.
    sides : tuple of tuples
        Cores of the output side, and those of the input side from the last one inwards, as ``(inner, mode, outer)``
        along the side; nothing for a dense layer.
    """

    inputs: int
    outputs: int
    sides: tuple[tuple[Core, ...], ...] = ()

    @cached_property
    def rank(self) -> int:
        """Between both factors; 0 for a dense layer."""
        return self.sides[0][-1][2] if self.sides else 0

    @cached_property
    def parameters(self) -> int:
        """Weights, or elements of the cores, and biases."""
        cores = [core for side in self.sides for core in side]
        weights = sum(a * b * c for a, b, c in cores) if cores else self.inputs * self.outputs
        return weights + self.outputs

    def encode(self, work: Counter[Work], bits: int) -> None:
        """From master weights to what a step multiplies with, in the precision of weights, and the bias."""
        if not self.sides:
            work[Encoding(self.inputs, self.outputs, bits, self.outputs)] += 1
        work[Encoding(1, self.outputs, _WIDE, self.outputs)] += 1
        for side in self.sides:
            last = len(side) - 1
            _, rows, rank = side[0]
            work[Encoding(rows, rank, _WIDE if last else bits, rank)] += 1
            for k, (inner, mode, outer) in enumerate(side[1:], start=1):
                width = mode * outer
                work[Encoding(inner, width, _WIDE, width)] += 1
                work[_to_real(rows, inner, width, _WIDE, _WIDE, rows, width)] += 1
                rows *= mode
                work[Encoding(rows, outer, bits if k == last else _WIDE, outer)] += 1

    def collect(self, work: Counter[Work]) -> None:
        """From the gradients of both factors to those of the cores."""
        for mirrored, side in enumerate(self.sides):
            rows = self.inputs if mirrored else self.outputs
            for inner, mode, outer in reversed(side[1:]):
                rows //= mode
                width = mode * outer
                run = outer if mirrored and mode > 1 else width
                work[Encoding(rows, width, _WIDE, run)] += 1
                work[_to_real(inner, rows, width, _WIDE, _WIDE, inner, width)] += 1
                work[_to_real(rows, width, inner, _WIDE, _WIDE, rows, inner)] += 1

    def factor(self, rows: int, x_bits: int, own: Precision) -> Product:
        """Rows times the input side of a tensor train."""
        middle = own.bits_of("tt_intermediate")
        return Product(rows, blocks(self.rank), blocks(self.inputs), x_bits, own.weights, middle)

    def factor_gradient(self, rows: int, own: Precision) -> Product:
        """Gradients of the outputs times the output side of a tensor train."""
        return Product(rows, blocks(self.rank), blocks(self.outputs), own.gradients, own.weights, own.gradients)

    def forward(self, rows: int, x_bits: int, own: Precision) -> Product:
        """The outputs, from the inputs or from `factor`'s result."""
        bits = own.bits_of("tt_intermediate") if self.rank else x_bits
        return Product(rows, blocks(self.outputs), blocks(self.rank or self.inputs), bits, own.weights, _WIDE)

    def backward(self, rows: int, own: Precision) -> Product:
        """Gradients of the inputs, from those of the outputs or from `factor_gradient`'s result."""
        return Product(rows, blocks(self.inputs), blocks(self.rank or self.outputs), own.gradients, own.weights, _WIDE)


def _to_real(rows: int, k: int, columns: int, a_bits: int, b_bits: int, real_rows: int, real_columns: int) -> Product:
    return Product(blocks(rows), blocks(columns), blocks(k), a_bits, b_bits, 0, (real_rows, real_columns))


def layer_shapes(coordinates: int, network: Network) -> list[LayerShape]:
    """Hidden layers, dense or tensor trains, and a dense last one."""
    widths = [coordinates, *network.hidden, 1]
    found = []
    for index, (inputs, outputs) in enumerate(zip(widths[:-1], widths[1:], strict=True)):
        sides: tuple[tuple[Core, ...], ...] = ()
        if network.tt is not None and index < len(network.hidden) and not network.tt.layer(index).dense:
            shape = train_shape(outputs, inputs, network.tt, index)
            split, cores = len(shape.row_modes), shape.cores
            mirrored = tuple((c, b, a) for a, b, c in reversed(cores[split:]))
            sides = cores[:split], mirrored
        found.append(LayerShape(inputs, outputs, sides))
    return found
