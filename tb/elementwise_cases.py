"""Elementwise instructions with operands in a scratchpad, and what they must leave there."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np

from golden import elementwise, tables
from golden.planes import digit_planes
from golden.smx import SmxMatrix, padded
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.elementwise_timing import elementwise_cycles
from pinta_hw.spec.formats import BLOCK_SIDE, NAN_EXPONENT, PLANE_BITS, SMX_BITS, SmxFormat
from pinta_hw.spec.isa.elementwise import ActivationFunction, Elementwise, ElementwiseOperation, Walk, operands_read
from pinta_hw.spec.tables import MAX_ORDER
from tb.elementwise_vectors import OPERANDS, WHOLE, Block, Vector
from tb.matrices import random_matrix

Operation = ElementwiseOperation


@dataclass(frozen=True)
class Run:
    """What was seen of an instruction: its duration, words moved, and whether NaN was signalled."""

    cycles: int
    read: int
    written: int
    nan: bool


@dataclass(frozen=True)
class Case:
    """An instruction; the words that it finds and those that it must write, by address."""

    instruction: Elementwise
    given: dict[int, int]
    expected: dict[int, int]

    @property
    def nan(self) -> bool:
        """Whether a result is NaN."""
        return any(word >> PLANE_BITS == NAN_EXPONENT for word in self.expected.values())

    def run(self, config: AcceleratorConfig) -> Run:
        """What is to be seen: each digit plane is read once, those of a repeated block once a beat."""
        instruction, read = self.instruction, 0
        for name in operands_read(instruction.operation, instruction.squared):
            walk: Walk = getattr(instruction, name)
            inner = instruction.inner_blocks
            if name == "b" and instruction.repeated:
                inner = -(-inner // config.quantizers)
            read += SmxFormat(walk.bits).planes * instruction.parts * instruction.outer_blocks * inner
        return Run(elementwise_cycles(config, instruction), read, len(self.expected), self.nan)


class FullError(Exception):
    """A group has no room left."""


@dataclass
class Allocator:
    """Gives out words of the scratchpad's groups from their beginning on."""

    config: AcceleratorConfig
    used: dict[int, int] = field(default_factory=dict)

    def walk(self, rng: np.random.Generator, group: int, bits: int, parts: int, outer: int, inner: int) -> Walk:
        """Room for a tensor, its blocks in one of two orders.

        Raises
        ------
        FullError
            If the group has none.
        """
        config = self.config
        inner_stride, outer_stride = ((outer | 1), 1) if rng.random() < 0.4 else (1, inner + int(rng.integers(3)))
        one = (outer - 1) * outer_stride + (inner - 1) * inner_stride + 1
        part_stride = one + int(rng.integers(2))
        extent = (parts - 1) * part_stride + one
        plane_stride = extent + (config.banks // 2 - extent) % config.banks
        base = self.used.get(group, 0) + int(rng.integers(3))
        end = base + (SmxFormat(bits).planes - 1) * plane_stride + extent
        if end > config.group_words:
            raise FullError
        self.used[group] = end
        return Walk(group * config.group_words + base, bits, part_stride, outer_stride, inner_stride, plane_stride)


@dataclass(frozen=True)
class Wish:
    """What a case is to be like; the rest is drawn."""

    operation: Operation
    bits: dict[str, int]
    parts: int
    outer: int
    inner: int
    serial: bool = False
    squared: bool = False
    repeated: bool = False
    broadcast: str = ""
    """Operands whose parts are one."""


def random_wish(rng: np.random.Generator, config: AcceleratorConfig, operation: Operation | None = None) -> Wish:
    """Any operation, widths and awkward sizes."""
    operation = Operation(int(rng.integers(len(Operation)))) if operation is None else operation
    has_b = "b" in operands_read(operation)
    kind = rng.choice(("plain", "plain", "squared", "repeated")) if has_b else "plain"
    return Wish(
        operation,
        {name: int(rng.choice(SMX_BITS)) for name in "abcdr"},
        parts=int(rng.integers(1, 6)),
        outer=int(rng.integers(1, 4)),
        inner=int(rng.choice((1, config.quantizers, int(rng.integers(1, 2 * config.quantizers + 2))))),
        serial=bool(rng.random() < 0.3),
        squared=kind == "squared",
        repeated=kind == "repeated",
        broadcast="".join(name for name in "bcd" if rng.random() < 0.15),
    )


def make(rng: np.random.Generator, allocator: Allocator, wish: Wish) -> Case:
    """A case as wished, in free words.

    Raises
    ------
    FullError
        If a group has no room.
    """
    config, operation = allocator.config, wish.operation
    inner_is_rows = bool(rng.random() < 0.5) and operation is not Operation.ADD_ROW
    grid = (wish.inner, wish.outer) if inner_is_rows else (wish.outer, wish.inner)
    last = tuple(int(rng.choice((BLOCK_SIDE - 1, rng.integers(BLOCK_SIDE)))) for _ in range(2))
    shape = (BLOCK_SIDE * (grid[0] - 1) + last[0] + 1, BLOCK_SIDE * (grid[1] - 1) + last[1] + 1)

    groups = _groups(rng, config, wish)
    given: dict[int, int] = {}
    walks: dict[str, Walk | None] = {}
    matrices: dict[str, list[SmxMatrix]] = {}
    exponents = (0, 254) if rng.random() < 0.15 else (120, 134)
    for name in operands_read(operation, wish.squared):
        parts = 1 if name in wish.broadcast else wish.parts
        row, single = name == "c" and operation is Operation.ADD_ROW, name == "b" and wish.repeated
        own = (1, shape[1]) if row else (BLOCK_SIDE, BLOCK_SIDE) if single else shape
        outer, inner = (1, wish.inner) if row else (1, 1) if single else (wish.outer, wish.inner)
        parts = 1 if single else parts
        walk = allocator.walk(rng, groups[name], wish.bits[name], parts, outer, inner)
        found = [random_matrix(rng, own, wish.bits[name], exponents, nan_blocks=0.02) for _ in range(parts)]
        for part, matrix in enumerate(found):
            given |= _words(walk, part, matrix, inner_is_rows)
        walk = replace(walk, outer_stride=0) if row else walk
        walks[name] = replace(walk, part_stride=0) if parts == 1 else walk
        matrices[name] = [_spread(matrix, shape) if single else matrix for matrix in found] * (wish.parts // parts)
    if wish.squared:
        matrices["b"] = matrices["a"]

    result_parts = 1 if operation is Operation.SUM_PARTS else wish.parts
    result = allocator.walk(rng, groups["result"], wish.bits["r"], result_parts, wish.outer, wish.inner)
    instruction = Elementwise(
        operation,
        walks.pop("a"),
        result,
        wish.parts,
        wish.outer,
        wish.inner,
        inner_is_rows,
        last[0],
        last[1],
        doubled=operation is Operation.MULTIPLY and bool(rng.random() < 0.4),
        squared=wish.squared,
        repeated=wish.repeated,
        serial=wish.serial,
        function=ActivationFunction(int(rng.integers(len(ActivationFunction)))),
        order=int(rng.integers(MAX_ORDER + 1)),
        **walks,
    )
    expected: dict[int, int] = {}
    for part, matrix in enumerate(_results(instruction, matrices)):
        expected |= _words(result, part, matrix, inner_is_rows)
    return Case(instruction, given, expected)


def _groups(rng: np.random.Generator, config: AcceleratorConfig, wish: Wish) -> dict[str, int]:
    """A group of its own for the result; operands read in the same cycles have different ones."""
    groups = [int(group) for group in rng.permutation(config.groups)]
    found = {"result": groups.pop()}
    names = operands_read(wish.operation, wish.squared)
    size = 1 if wish.serial else 2
    for start in range(0, len(names), size):
        together = names[start : start + size]
        for name, group in zip(together, rng.permutation(groups), strict=False):
            found[name] = int(group)
    return found


def _spread(block: SmxMatrix, shape: tuple[int, int]) -> SmxMatrix:
    """A block at every place of a matrix."""
    rows, columns = padded(shape)
    grid = (rows // BLOCK_SIDE, columns // BLOCK_SIDE)
    mantissas = np.tile(block.mantissas, grid)
    mantissas[shape[0] :] = 0
    mantissas[:, shape[1] :] = 0
    return SmxMatrix(mantissas, np.tile(block.exponents, grid), block.bits, shape)


def _words(walk: Walk, part: int, matrix: SmxMatrix, inner_is_rows: bool) -> dict[int, int]:
    """A matrix's words at a part of a walk."""
    planes = digit_planes(matrix)
    found = {}
    for plane, row, column in product(*map(range, planes.shape)):
        outer, inner = (column, row) if inner_is_rows else (row, column)
        exponent = int(matrix.exponents[row, column])
        found[walk.word(part, outer, inner, plane)] = int(planes[plane, row, column]) | exponent << PLANE_BITS
    return found


def _results(instruction: Elementwise, matrices: dict[str, list[SmxMatrix]]) -> list[SmxMatrix]:
    """The golden model's answer, one matrix for each part."""
    bits, operation = instruction.result.bits, instruction.operation
    if operation is Operation.SUM_PARTS:
        return [elementwise.sum_parts(list(zip(matrices["a"], matrices["b"], strict=True)), bits)]
    results = []
    for part in range(instruction.parts):
        given = {name: stack[part] for name, stack in matrices.items()}
        a, b, c, d = (given.get(name) for name in "abcd")
        match operation:
            case Operation.MULTIPLY:
                results.append(elementwise.multiply(a, b, bits, doubled=instruction.doubled))
            case Operation.ADD:
                results.append(elementwise.add(a, c, bits))
            case Operation.MULTIPLY_ADD:
                results.append(elementwise.multiply_add(a, b, c, bits))
            case Operation.DOT2:
                results.append(elementwise.dot2(a, b, c, d, bits))
            case Operation.ADD_ROW:
                results.append(elementwise.add_row(a, c, bits))
            case Operation.TABLE:
                results.append(tables.activate(instruction.function.name.lower(), instruction.order, a, bits))
    return results


def batch(config: AcceleratorConfig, wishes: list[Callable[[Allocator], Case]]) -> list[Case]:
    """The first cases of a list that fit into the scratchpad together; they are taken from it."""
    allocator, cases = Allocator(config), []
    while wishes:
        try:
            cases.append(wishes[0](allocator))
        except FullError:
            assert cases, "the scratchpad cannot hold a single case"
            return cases
        wishes.pop(0)
    return cases


def of_vectors(rng: np.random.Generator, allocator: Allocator, vectors: list[Vector]) -> Case:
    """Vectors that are `alike` as one instruction, a block each.

    Raises
    ------
    FullError
        If a group has no room.
    """
    first = vectors[0]
    operation, count = Operation(first.operation.value), len(vectors)
    given: dict[int, int] = {}
    walks: dict[str, Walk] = {}
    for name in operands_read(operation):
        index = "abcd".index(name)
        walks[name] = allocator.walk(rng, index % 2, first.operands[index].bits, 1, 1, count)
        given |= _row_of_blocks(walks[name], [vector.operands[index].matrix(WHOLE) for vector in vectors])
    result = allocator.walk(rng, 2, first.bits, 1, 1, count)
    instruction = Elementwise(
        operation,
        walks.pop("a"),
        result,
        1,
        1,
        count,
        False,
        first.shape[0] - 1,
        first.shape[1] - 1,
        doubled=first.doubled,
        serial=True,
        function=ActivationFunction(first.function.value),
        order=first.order,
        **walks,
    )
    answers = [vector.golden() for vector in vectors]
    blocks = [Block(answer.mantissas, answer.exponent, first.bits).matrix(WHOLE) for answer in answers]
    return Case(instruction, given, _row_of_blocks(result, blocks))


def alike(vector: Vector) -> tuple[object, ...]:
    """What vectors of one instruction have in common; those of incomplete blocks have nothing in common."""
    taken = zip("abcd", vector.operands, strict=True)
    bits = tuple(block.bits for name, block in taken if name in OPERANDS[vector.operation])
    table = (vector.function.value, vector.order) if vector.is_table else ()
    alone = id(vector) if vector.shape != WHOLE else 0
    return vector.operation.value, vector.doubled, vector.bits, bits, table, alone


def _row_of_blocks(walk: Walk, blocks: list[SmxMatrix]) -> dict[int, int]:
    found = {}
    for place, block in enumerate(blocks):
        words = _words(walk, 0, block, False)
        found |= {word + place * walk.inner_stride: value for word, value in words.items()}
    return found
