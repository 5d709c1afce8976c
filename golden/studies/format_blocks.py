"""Square blocks against runs of elements that share an exponent: bytes of the copies that training keeps.

Every operand of a forward product is contracted along one side there and along the other in a backward product. With
an exponent for each run of 16 or 32 elements along the contraction, that takes a second, requantized copy; a
square block serves both.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.experiment import Experiment, Precision
from pinta_hw.spec.formats import BLOCK_SIDE, EXPONENT_BITS, SMX_BITS

from ..architecture import make_layers
from ..arithmetic.smx import ELEMENTWISE_BITS
from ..layers import Layer
from ..problems import make_problem
from ..tt import TensorTrainLayer

Floats = npt.NDArray[np.float64]

RUNS = (16, 32)
"""Elements that share an exponent in the one-dimensional formats."""


@dataclass(frozen=True)
class Block:
    """A shape of blocks.

    Parameters
    ----------
    rows, columns : int
        Of one block; a tensor is padded to whole blocks.
    """

    rows: int
    columns: int

    @property
    def name(self) -> str:
        return f"{self.rows} x {self.columns}"

    @property
    def transposes(self) -> bool:
        """Whether one copy serves both directions."""
        return self.rows == self.columns

    def stored_bytes(self, shape: tuple[int, int], bits: int) -> int:
        """Bytes of one copy of a matrix, mantissas and exponents of whole blocks."""
        blocks = math.prod(-(-size // side) for size, side in zip(shape, (self.rows, self.columns), strict=True))
        return blocks * (self.rows * self.columns * bits + EXPONENT_BITS) // 8

    def quantize(self, x: Floats, bits: int) -> Floats:
        """What SMX quantization in these blocks leaves of finite values, in float64."""
        shape = tuple(-(-size // side) * side for size, side in zip(x.shape, (self.rows, self.columns), strict=True))
        whole = np.zeros(shape)
        whole[: x.shape[0], : x.shape[1]] = x
        tiles = whole.reshape(shape[0] // self.rows, self.rows, shape[1] // self.columns, self.columns)
        side_by_side = tiles.transpose(0, 2, 1, 3).reshape(-1, self.rows * self.columns)
        values = _one_exponent_per_row(side_by_side, bits)
        tiles = values.reshape(tiles.shape[0], tiles.shape[2], self.rows, self.columns).transpose(0, 2, 1, 3)
        return tiles.reshape(shape)[: x.shape[0], : x.shape[1]]


SQUARE = Block(BLOCK_SIDE, BLOCK_SIDE)
BLOCKS = (SQUARE, *(Block(1, run) for run in RUNS))


@dataclass(frozen=True)
class Tensor:
    """One operand that a training step keeps for both passes."""

    shape: tuple[int, int]
    bits: int


@dataclass(frozen=True)
class Row:
    """One network in one shape of blocks."""

    network: str
    block: str
    forward_bytes: int
    """One copy of each operand, as the product that comes first needs it."""
    backward_bytes: int
    """The further copies, quantized along the other side."""

    @property
    def total_bytes(self) -> int:
        return self.forward_bytes + self.backward_bytes


@dataclass(frozen=True)
class Transposition:
    """What requantizing the transpose does to standard normal values."""

    block: str
    bits: int
    equal: bool
    """Whether ``Q(X)^T == Q(X^T)``."""
    error: float
    """Relative error of quantizing once."""
    difference: float
    """Relative difference of the two copies."""


def bytes_of(experiment: Experiment, rows: int) -> list[Row]:
    """Bytes of an experiment's network in all shapes of blocks; of its dense counterpart too, if it has tensor trains.

    Parameters
    ----------
    experiment : Experiment
        Network and precisions; those of first and last layer are not told apart.
    rows : int
        Rows of a micro-batch: points times planes.
    """
    coordinates, network = make_problem(experiment.problem).dimensions, experiment.network
    kinds = {"dense": network.model_copy(update={"tt": None})}
    if network.tt is not None:
        kinds["tensor trains, factors only"] = kinds["tensor trains"] = network
    found = []
    for name, kind in kinds.items():
        layers = make_layers(coordinates, kind)
        tensors = [t for layer in layers for t in _layer_tensors(layer, rows, experiment.precision)]
        if name == "tensor trains":
            tensors += [t for layer in layers if isinstance(layer, TensorTrainLayer) for t in _core_tensors(layer)]
        found += [measure_bytes(name, tensors, block) for block in BLOCKS]
    return found


def measure_bytes(network: str, tensors: list[Tensor], block: Block) -> Row:
    """Bytes of all copies; every tensor is an operand of a forward and, transposed, of a backward product."""
    forward = sum(block.stored_bytes(tensor.shape, tensor.bits) for tensor in tensors)
    backward = 0 if block.transposes else sum(block.stored_bytes(t.shape[::-1], t.bits) for t in tensors)
    return Row(network, block.name, forward, backward)


def transpositions(seed: int, size: int = 256) -> list[Transposition]:
    """All shapes of blocks at all SMX widths, on a standard normal matrix of ``size`` x ``size``."""
    x = np.random.default_rng(seed).standard_normal((size, size))
    return [measure_transposition(block, bits, x) for bits in SMX_BITS for block in BLOCKS]


def measure_transposition(block: Block, bits: int, x: Floats) -> Transposition:
    """Compare the transpose of the quantized matrix with the quantized transpose."""
    once, again = block.quantize(x, bits), block.quantize(x.T, bits).T
    norm = np.linalg.norm(x)
    return Transposition(
        block.name,
        bits,
        bool(np.array_equal(once, again)),
        float(np.linalg.norm(once - x) / norm),
        float(np.linalg.norm(once - again) / norm),
    )


def _layer_tensors(layer: Layer, rows: int, precision: Precision) -> Iterator[Tensor]:
    """Inputs, gradients of the outputs, and the weight or, under ``prs``, its factors and the intermediate."""
    yield Tensor((rows, layer.inputs), precision.activations)
    yield Tensor((rows, layer.outputs), precision.gradients)
    if not isinstance(layer, TensorTrainLayer):
        yield Tensor((layer.inputs, layer.outputs), precision.weights)
        return
    rank = layer.shape.ranks[len(layer.shape.row_modes) - 1]
    yield Tensor((layer.outputs, rank), precision.weights)
    yield Tensor((rank, layer.inputs), precision.weights)
    yield Tensor((rows, rank), precision.bits_of("tt_intermediate"))
    yield Tensor((rows, rank), precision.gradients)


def _core_tensors(layer: TensorTrainLayer) -> Iterator[Tensor]:
    """SMX-16 operands along both sides of a train: each core after the first, and the product it is multiplied to."""
    split = len(layer.shape.row_modes)
    sides = layer.shape.cores[:split], [core[::-1] for core in reversed(layer.shape.cores[split:])]
    for side in sides:
        rows = side[0][1]
        for inner, mode, outer in side[1:]:
            yield Tensor((rows, inner), ELEMENTWISE_BITS)
            yield Tensor((inner, mode * outer), ELEMENTWISE_BITS)
            rows *= mode


def _one_exponent_per_row(values: Floats, bits: int) -> Floats:
    """Quantization as in golden/quantize.py, with one exponent for each row, of any range."""
    largest = np.abs(values).max(axis=1)
    shared = np.where(largest > 0, np.frexp(largest)[1] - 1, 0)
    unit = np.ldexp(1.0, shared - (bits - 2))[:, None]
    limit = (1 << (bits - 1)) - 1
    return np.clip(np.rint(values / unit), -limit, limit) * unit
