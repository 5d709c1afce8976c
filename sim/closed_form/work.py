"""Operations by what their duration and their events depend on: sizes and precisions, no places."""

from collections import Counter
from typing import NamedTuple

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.digits import steps
from pinta_hw.spec.formats import BLOCK_SIDE
from pinta_hw.spec.isa import gemm as isa_gemm
from pinta_hw.spec.isa.convert import Decode, Encode
from pinta_hw.spec.isa.elementwise import OPERANDS_OF, Elementwise, ElementwiseOperation, Walk
from pinta_hw.spec.isa.gemm import RealResult
from pinta_hw.spec.isa.instruction import Operation
from pinta_hw.spec.isa.real import Optimizer, Update, Vector, VectorOperation
from pinta_hw.spec.isa.real_memory import RealView
from pinta_hw.spec.isa.transfer import Direction, Transfer
from pinta_hw.spec.layout import TensorLayout
from pinta_hw.spec.operation_timing import best_gemm


class Product(NamedTuple):
    """A matrix product; sizes in blocks."""

    rows: int
    columns: int
    k: int
    a_bits: int
    b_bits: int
    result_bits: int
    """0 for a result in real memory."""
    real: tuple[int, int] = (0, 0)
    """Rows and columns (elements) of a result in real memory."""
    accumulate: bool = False

    def operation(self, config: AcceleratorConfig) -> Operation:
        """It, in the grouping that finishes first."""
        result: TensorLayout | RealResult = _layout(self.rows, self.columns, self.result_bits)
        if self.real[0]:
            addend = config.real_group_words if self.accumulate and self._writes_longer(config) else None
            result = RealResult(0, *self.real, self.real[1], self.accumulate, addend=addend)
        a, b = _layout(self.rows, self.k, self.a_bits), _layout(self.k, self.columns, self.b_bits)
        return best_gemm(config, isa_gemm.Gemm(a, b, result))

    def _writes_longer(self, config: AcceleratorConfig) -> bool:
        """Whether a sum in place would hold the array up, so that it goes elsewhere (`golden.lowering.recorder`)."""
        block = min(len(steps(self.a_bits, self.b_bits)), len(steps(self.b_bits, self.a_bits)))
        return block * self.k < 2 * BLOCK_SIDE * config.units


class Lanes(NamedTuple):
    """An elementwise operation; sizes in blocks."""

    kind: ElementwiseOperation
    parts: int
    rows: int
    columns: int
    bits: tuple[int, ...]
    """Of the operands, in the order of their names."""
    result_bits: int
    squared: bool = False
    repeated: bool = False

    def operation(self, config: AcceleratorConfig) -> Operation:
        """It, with beats along the longer side."""
        inner_is_rows = self.rows > self.columns and self.kind is not ElementwiseOperation.ADD_ROW
        outer, inner = (self.columns, self.rows) if inner_is_rows else (self.rows, self.columns)
        names = [name for name in OPERANDS_OF[self.kind] if not (self.squared and name == "b")]
        walks = {name: _walk(bits) for name, bits in zip(names, self.bits, strict=True)}
        side = BLOCK_SIDE - 1
        return Elementwise(
            self.kind,
            walks["a"],
            _walk(self.result_bits),
            self.parts,
            outer,
            inner,
            inner_is_rows,
            side,
            side,
            walks.get("b"),
            walks.get("c"),
            walks.get("d"),
            squared=self.squared,
            repeated=self.repeated,
        )


class Encoding(NamedTuple):
    """FP32 to SMX; sizes in elements."""

    rows: int
    columns: int
    bits: int
    run: int
    """Elements of a row that lie side by side."""

    def operation(self, config: AcceleratorConfig) -> Operation:
        """It."""
        view = RealView(0, self.rows, self.columns, 0, self.rows, 0, self.run, 0)
        return Encode(view, _layout(1, 1, self.bits))


class Decoding(NamedTuple):
    """A column back to FP32."""

    rows: int
    bits: int

    def operation(self, config: AcceleratorConfig) -> Operation:
        """It."""
        return Decode(_layout(1, 1, self.bits), self.rows, 0)


class Numbers(NamedTuple):
    """An FP32 vector operation."""

    kind: VectorOperation
    length: int
    a_scalar: bool = False
    b_scalar: bool = False

    def operation(self, config: AcceleratorConfig) -> Operation:
        """It."""
        return Vector(self.kind, 0, 0, 0, self.length, self.a_scalar, self.b_scalar)


class Learning(NamedTuple):
    """The update of all parameters."""

    optimizer: Optimizer
    parameters: int

    def operation(self, config: AcceleratorConfig) -> Operation:
        """It."""
        return Update(self.optimizer, 0, self.parameters, 0)


class Beats(NamedTuple):
    """A transfer, which is taken to begin at a multiple of 4 KiB."""

    direction: Direction
    beats: int

    def operation(self, config: AcceleratorConfig) -> Operation:
        """It."""
        return Transfer(self.direction, 0, 0, 0, self.beats)


Work = Product | Lanes | Encoding | Decoding | Numbers | Learning | Beats
Phases = dict[str, Counter[Work]]
"""How often a step does what, by phase."""


def _layout(rows: int, columns: int, bits: int) -> TensorLayout:
    return TensorLayout(0, rows, columns, bits, 1, 1, 1)


def _walk(bits: int) -> Walk:
    return Walk(0, bits, 0, 0, 0, 0)
