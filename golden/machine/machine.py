"""Executes programs in the order in which they are written."""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.convert import Decode, Encode
from pinta_hw.spec.isa.elementwise import OPERANDS_OF, Elementwise, ElementwiseOperation
from pinta_hw.spec.isa.gemm import Gemm, RealResult
from pinta_hw.spec.isa.instruction import Instruction, Operation, Program
from pinta_hw.spec.isa.real import ADAM_SCALARS, Optimizer, Update, Vector, VectorOperation
from pinta_hw.spec.isa.real_memory import REAL_BANKS, RealGroup, RealView
from pinta_hw.spec.isa.transfer import BEAT_BYTES, Direction, Transfer
from pinta_hw.spec.layout import TensorLayout
from pinta_hw.spec.real import ADAM, SGD, RealOperation, RealStep

from .. import elementwise, tables
from ..gemm import accumulate
from ..quantize import quantize
from ..real import flush, rounded, run_program
from ..smx import SmxMatrix
from .state import Scratchpad, layout_shape, layout_words, walk_shape, walk_words

Beats = npt.NDArray[np.uint64]
_FUNCTIONS = {
    VectorOperation.ADD: RealOperation.ADD,
    VectorOperation.SUBTRACT: RealOperation.SUBTRACT,
    VectorOperation.MULTIPLY: RealOperation.MULTIPLY,
    VectorOperation.DIVIDE: RealOperation.DIVIDE,
    VectorOperation.SQUARE_ROOT: RealOperation.SQUARE_ROOT,
}


class Machine:
    """The machine and the memory outside.

    Parameters
    ----------
    config : AcceleratorConfig
        Its memories; the array's shape makes no difference to any result.
    memory_bytes : int
        Of the memory outside.

    Attributes
    ----------
    scratchpad : Scratchpad
    real : float32 array, shape (words of the real memory,)
    memory : uint64 array, shape (beats, 2)
    """

    def __init__(self, config: AcceleratorConfig, memory_bytes: int) -> None:
        self.config = config
        self.scratchpad = Scratchpad(config)
        self.real = np.zeros(config.real_memory_words, np.float32)
        self.memory: Beats = np.zeros((-(-memory_bytes // BEAT_BYTES), 2), np.uint64)

    def write(self, image: Iterable[tuple[int, Beats]]) -> None:
        """Fill the memory outside with runs of beats at byte addresses."""
        for address, beats in image:
            self.memory[address // BEAT_BYTES : address // BEAT_BYTES + len(beats)] = beats

    def run(self, program: Program, ended: Callable[[int], None] = lambda step: None) -> None:
        """The whole program; ``ended`` hears of each step."""
        self.section(program.prologue, 0)
        for step in range(program.steps):
            self.section(program.body, step)
            ended(step)
        self.section(program.epilogue, 0)

    def section(self, instructions: Iterable[Instruction], step: int) -> None:
        """One pass through a section."""
        for instruction in instructions:
            self.execute(instruction.operation, step)

    def execute(self, operation: Operation, step: int) -> None:
        """One operation."""
        if isinstance(operation, Gemm):
            self._gemm(operation)
        elif isinstance(operation, Elementwise):
            self._elementwise(operation)
        elif isinstance(operation, Encode):
            elements = self.real[_addresses(operation.source)]
            self._store(operation.result, quantize(elements, operation.result.bits))
        elif isinstance(operation, Decode):
            values = rounded(self._load(operation.source).dequantize(), np.float32)
            self.real[operation.base : operation.base + operation.rows] = values[: operation.rows, 0]
        elif isinstance(operation, Vector):
            self._vector(operation)
        elif isinstance(operation, Update):
            self._update(operation)
        else:
            self._transfer(operation, step)

    def _load(self, layout: TensorLayout) -> SmxMatrix:
        return self.scratchpad.load(layout_words(layout), layout_shape(layout))

    def _store(self, layout: TensorLayout, matrix: SmxMatrix) -> None:
        self.scratchpad.store(layout_words(layout), matrix)

    def _operand(self, layout: TensorLayout, transposed: bool) -> SmxMatrix:
        return self._load(layout.transposed()).T if transposed else self._load(layout)

    def operands(self, gemm: Gemm) -> tuple[SmxMatrix, SmxMatrix]:
        """What a product would multiply now, with all padding."""
        return self._operand(gemm.a, gemm.a_transposed), self._operand(gemm.b, gemm.b_transposed)

    def _gemm(self, gemm: Gemm) -> None:
        accumulators = accumulate(*self.operands(gemm))
        result = gemm.result
        if not isinstance(result, RealResult):
            self._store(result, accumulators.quantize(result.bits))
            return
        values = rounded(accumulators.to_float(), np.float32)[: result.rows, : result.columns]
        values = values.T if result.transposed else values
        rows, columns = values.shape
        words = result.base + np.arange(rows)[:, None] * result.row_stride + np.arange(columns)
        before = words if result.addend is None else words - result.base + result.addend
        self.real[words] = flush(self.real[before] + values) if result.accumulate else values

    def _elementwise(self, instruction: Elementwise) -> None:
        bits, shape = instruction.result.bits, walk_shape(instruction)
        parts = [self._operands(instruction, part) for part in range(instruction.parts)]
        if instruction.operation is ElementwiseOperation.SUM_PARTS:
            total = elementwise.sum_parts([(part["a"], part["b"]) for part in parts], bits)
            self.scratchpad.store(walk_words(instruction, instruction.result, 0), total)
            return
        for number, part in enumerate(parts):
            result = _compute(instruction, part, bits)
            assert result.shape == shape
            self.scratchpad.store(walk_words(instruction, instruction.result, number), result)

    def _operands(self, instruction: Elementwise, part: int) -> dict[str, SmxMatrix]:
        shape = walk_shape(instruction)
        found: dict[str, SmxMatrix] = {}
        for name in OPERANDS_OF[instruction.operation]:
            if name == "b" and instruction.squared:
                found[name] = found["a"]
                continue
            repeated = name == "b" and instruction.repeated
            words = walk_words(instruction, getattr(instruction, name), part, repeated=repeated)
            found[name] = self.scratchpad.load(words, shape)
        return found

    def _vector(self, vector: Vector) -> None:
        a = self.real[vector.a : vector.a + (1 if vector.a_scalar else vector.length)]
        b = self.real[vector.b : vector.b + (1 if vector.b_scalar else vector.length)]
        if vector.operation is VectorOperation.SUM:
            with np.errstate(all="ignore"):
                total = a[0]
                for value in a[1:]:
                    total = flush(np.asarray(total + value, np.float32))
            self.real[vector.result] = total
            return
        operation = _FUNCTIONS[vector.operation]
        operands = ("a",) if operation is RealOperation.SQUARE_ROOT else ("a", "b")
        registers = run_program((RealStep("result", operation, operands),), {"a": a, "b": b})
        self.real[vector.result : vector.result + vector.length] = registers["result"]

    def _update(self, update: Update) -> None:
        adam = update.optimizer is Optimizer.ADAM
        names = ADAM_SCALARS if adam else ADAM_SCALARS[:1]
        inputs = {name: self.real[update.scalars + k] for k, name in enumerate(names)}
        where = {
            name: slice(start, start + update.count)
            for name, group in zip("wmvg", RealGroup, strict=True)
            for start in (group * self.config.real_group_words + update.offset,)
        }
        inputs |= {name: self.real[words] for name, words in where.items()}
        after = run_program(ADAM if adam else SGD, {name: np.asarray(value) for name, value in inputs.items()})
        for name in "wmv" if adam else "w":
            self.real[where[name]] = after[name]

    def _transfer(self, transfer: Transfer, step: int) -> None:
        first = (transfer.memory + step * transfer.step_stride) // BEAT_BYTES
        beats = self.memory[first : first + transfer.beats]
        if transfer.direction is Direction.LOAD_TENSOR:
            words = slice(transfer.local, transfer.local + transfer.beats)
            self.scratchpad.planes[words] = beats[:, 0]
            self.scratchpad.exponents[words] = (beats[:, 1] & 0xFF).astype(np.uint8)
            return
        reals = slice(transfer.local, transfer.local + REAL_BANKS * transfer.beats)
        if transfer.direction is Direction.LOAD_REAL:
            self.real[reals] = np.ascontiguousarray(beats).view(np.float32).reshape(-1)
        else:
            self.memory[first : first + transfer.beats] = self.real[reals].view(np.uint64).reshape(-1, 2)


def _compute(instruction: Elementwise, operands: dict[str, SmxMatrix], bits: int) -> SmxMatrix:
    kinds, a = ElementwiseOperation, operands["a"]
    match instruction.operation:
        case kinds.MULTIPLY:
            return elementwise.multiply(a, operands["b"], bits, instruction.doubled)
        case kinds.ADD:
            return elementwise.add(a, operands["c"], bits)
        case kinds.MULTIPLY_ADD:
            return elementwise.multiply_add(a, operands["b"], operands["c"], bits)
        case kinds.DOT2:
            return elementwise.dot2(a, operands["b"], operands["c"], operands["d"], bits)
        case kinds.ADD_ROW:
            row = operands["c"]
            first = SmxMatrix(row.mantissas[:4], row.exponents[:1], row.bits, (1, row.shape[1]))
            return elementwise.add_row(a, first, bits)
        case _:
            return tables.activate(instruction.function.name.lower(), instruction.order, a, bits)


def _addresses(view: RealView) -> npt.NDArray[np.int64]:
    i, j = np.arange(view.rows)[:, None], np.arange(view.columns)[None, :]
    rows = (i // view.inner_rows) * view.outer_row_stride + (i % view.inner_rows) * view.row_stride
    return view.base + rows + (j // view.inner_columns) * view.outer_column_stride + j % view.inner_columns
