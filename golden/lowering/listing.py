"""Programs for people."""

from collections.abc import Iterator
from dataclasses import dataclass

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.convert import Decode, Encode
from pinta_hw.spec.isa.elementwise import OPERANDS_OF, Elementwise, ElementwiseOperation, Walk
from pinta_hw.spec.isa.gemm import Gemm, RealResult
from pinta_hw.spec.isa.instruction import Instruction, Operation, Program, Unit
from pinta_hw.spec.isa.real import Update, Vector, VectorOperation
from pinta_hw.spec.isa.transfer import Direction
from pinta_hw.spec.layout import TensorLayout
from pinta_hw.spec.operation_timing import operation_cycles

_SIGNS = {
    VectorOperation.ADD: "+",
    VectorOperation.SUBTRACT: "-",
    VectorOperation.MULTIPLY: "*",
    VectorOperation.DIVIDE: "/",
}


@dataclass(frozen=True)
class Line:
    """One instruction.

    Parameters
    ----------
    section : str
        ``prologue``, ``body`` or ``epilogue``.
    number : int
        In the stream of its unit, across sections.
    unit, phase, name : str
        Who, when, and what of the training.
    operation : str
        What exactly: operands with their sizes, precisions and places.
    after : str
        What it waits for.
    cycles : int
        From its unit's start to its done.
    """

    section: str
    number: int
    unit: str
    phase: str
    name: str
    operation: str
    after: str
    cycles: int


def listing(config: AcceleratorConfig, program: Program) -> Iterator[Line]:
    """All instructions in the order of their meaning."""
    numbers = dict.fromkeys(Unit, 0)
    for section, instructions in zip(("prologue", "body", "epilogue"), program.sections, strict=True):
        for instruction in instructions:
            unit = instruction.unit
            yield Line(
                section,
                numbers[unit],
                unit.name.lower(),
                instruction.phase,
                instruction.name,
                describe(config, instruction.operation),
                _after(instruction),
                operation_cycles(config, instruction.operation),
            )
            numbers[unit] += 1


def describe(config: AcceleratorConfig, operation: Operation) -> str:
    """An operation in one line: ``g3+120`` is word 120 of scratchpad group 3, ``r1+8`` word 8 of real group 1."""

    def word(base: int) -> str:
        return "g{}+{}".format(*divmod(base, config.group_words))

    def real(base: int) -> str:
        return "r{}+{}".format(*divmod(base, config.real_group_words))

    def matrix(layout: TensorLayout, transposed: bool = False) -> str:
        size = f"{layout.row_blocks}x{layout.column_blocks}"
        return f"{size}:{layout.bits}b{'^T' if transposed else ''}@{word(layout.base)}"

    def walk(given: Walk) -> str:
        return f"{given.bits}b@{word(given.base)}"

    if isinstance(operation, Gemm):
        left = f"{matrix(operation.a, operation.a_transposed)} {matrix(operation.b, operation.b_transposed)}"
        if isinstance(operation.result, RealResult):
            result = operation.result
            target = f"{result.rows}x{result.columns}{'^T' if result.transposed else ''}@{real(result.base)}"
            if result.addend is not None:
                return f"{target} = @{real(result.addend)} + {left}"
            return f"{target} {'+=' if result.accumulate else '='} {left}"
        return f"{matrix(operation.result)} = {left} [{config.groupings[operation.grouping]}]"
    if isinstance(operation, Elementwise):
        size = f"{operation.parts}x{operation.outer_blocks}x{operation.inner_blocks}"
        names = {name: getattr(operation, name) for name in OPERANDS_OF[operation.operation]}
        given = " ".join("a" if value is None else walk(value) for value in names.values())
        what = operation.operation.name.lower()
        if operation.operation is ElementwiseOperation.TABLE:
            what = f"{operation.function.name.lower()}{operation.order * chr(39)}"
        return f"{walk(operation.result)} = {what} {given} [{size}]"
    if isinstance(operation, Encode):
        source = operation.source
        return f"{matrix(operation.result)} = {source.rows}x{source.columns}@{real(source.base)}"
    if isinstance(operation, Decode):
        return f"{operation.rows}@{real(operation.base)} = {matrix(operation.source)}"
    if isinstance(operation, Vector):
        a = real(operation.a) + ("[0]" if operation.a_scalar else "")
        b = real(operation.b) + ("[0]" if operation.b_scalar else "")
        sign = _SIGNS.get(operation.operation)
        what = f"{a} {sign} {b}" if sign else f"{operation.operation.name.lower()} {a}"
        return f"{operation.length}@{real(operation.result)} = {what}"
    if isinstance(operation, Update):
        return f"{operation.optimizer.name.lower()} {operation.count}@+{operation.offset}"
    place = word(operation.local) if operation.direction is Direction.LOAD_TENSOR else real(operation.local)
    stride = f" + step * {operation.step_stride:#x}" if operation.step_stride else ""
    return f"{operation.direction.name.lower()} {operation.beats} beats {place} {operation.memory:#x}{stride}"


def _after(instruction: Instruction) -> str:
    return " ".join(f"{unit.name.lower()}:{count}" for unit, count in sorted(instruction.after.items()) if count)
