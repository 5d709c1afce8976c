"""Steps for a lane of the elementwise unit and what the golden model makes of them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from golden import elementwise, tables
from golden.smx import SmxMatrix
from pinta_hw.epilogue.operation import Function, Operation, Step
from pinta_hw.spec.formats import BLOCK_ELEMENTS, BLOCK_SIDE, NAN_EXPONENT, SMX_BITS, SmxFormat
from pinta_hw.spec.tables import MAX_ORDER
from tb.quantizer_vectors import Result, unpack

WHOLE = (BLOCK_SIDE, BLOCK_SIDE)
OPERANDS = {
    Operation.MULTIPLY: "ab",
    Operation.ADD: "ac",
    Operation.MULTIPLY_ADD: "abc",
    Operation.DOT2: "abcd",
    Operation.ADD_ROW: "ac",
    Operation.TABLE: "a",
}
_ROW_0 = tuple(range(BLOCK_SIDE))
_WIDEST = max(SMX_BITS)


@dataclass(frozen=True)
class Block:
    """An SMX block."""

    mantissas: tuple[int, ...]
    exponent: int
    bits: int

    def matrix(self, shape: tuple[int, int]) -> SmxMatrix:
        """The block as a matrix; what is outside its shape, or inside a NaN block, is zero."""
        rows, columns = shape
        mantissas = np.zeros(WHOLE, np.int32)
        if self.exponent != NAN_EXPONENT:
            mantissas[:rows, :columns] = np.reshape(self.mantissas, WHOLE)[:rows, :columns]
        return SmxMatrix(mantissas, np.array([[self.exponent]], np.uint8), self.bits, shape)


@dataclass(frozen=True)
class Vector:
    """One step. Operands that the operation does not take are noise for the gateware."""

    operation: Operation
    operands: tuple[Block, Block, Block, Block]
    bits: int
    shape: tuple[int, int] = WHOLE
    doubled: bool = False
    function: Function = Function.TANH
    order: int = 0

    @property
    def is_table(self) -> bool:
        return self.operation is Operation.TABLE

    @property
    def width(self) -> int:
        """The bits of the gateware's `Width`."""
        return SMX_BITS.index(self.bits)

    def pack(self) -> int:
        """The bits of the gateware's `Step`."""
        rows, columns = self.shape
        fields = {
            "operation": self.operation.value,
            "doubled": int(self.doubled),
            "function": self.function.value,
            "order": self.order,
            "extent": (rows - 1) | (columns - 1) << 2,
        }
        for name, block in zip("abcd", self.operands, strict=True):
            fields[name] = block.exponent << _BLOCK["exponent"].offset
            for element, mantissa in enumerate(block.mantissas):
                wide = (mantissa << (_WIDEST - block.bits)) & ((1 << _WIDEST) - 1)
                fields[name] |= wide << (_WIDEST * element)
        return sum(value << _STEP[name].offset for name, value in fields.items())

    def golden(self) -> Result:
        """The golden model's answer."""
        a, b, c, d = (block.matrix(self.shape) for block in self.operands)
        match self.operation:
            case Operation.MULTIPLY:
                result = elementwise.multiply(a, b, self.bits, doubled=self.doubled)
            case Operation.ADD:
                result = elementwise.add(a, c, self.bits)
            case Operation.MULTIPLY_ADD:
                result = elementwise.multiply_add(a, b, c, self.bits)
            case Operation.DOT2:
                result = elementwise.dot2(a, b, c, d, self.bits)
            case Operation.ADD_ROW:
                row = self.operands[2].matrix((1, self.shape[1]))
                result = elementwise.add_row(a, row, self.bits)
            case Operation.TABLE:
                result = tables.activate(self.function.name.lower(), self.order, a, self.bits)
        return Result(tuple(result.mantissas.ravel().tolist()), int(result.exponents[0, 0]))


_STEP = Step()
_BLOCK = _STEP["a"].shape


def mismatch(vector: Vector, packed: int, expected: Result | None = None) -> str | None:
    """What is wrong with the gateware's answer, or None."""
    expected = expected or vector.golden()
    if packed == expected.pack(vector.bits):
        return None
    found = unpack(packed, vector.bits)
    detail = f"{vector.function.name} {vector.order}" if vector.operation is Operation.TABLE else f"{vector.doubled}"
    lines = [f"{vector.operation.name} ({detail}) to SMX-{vector.bits}, shape {vector.shape}:"]
    for name, block in zip("abcd", vector.operands, strict=True):
        if name in OPERANDS[vector.operation]:
            lines.append(f"{name}: SMX-{block.bits}, exponent {block.exponent}: {block.mantissas}")
    if found.exponent != expected.exponent:
        lines.append(f"exponent {found.exponent}, expected {expected.exponent}")
    for lane, (left, right) in enumerate(zip(found.mantissas, expected.mantissas, strict=True)):
        if left != right:
            lines.append(f"lane {lane}: {left}, expected {right}")
    if found == expected:
        lines.append(f"planes that the format lacks are not empty: {packed:#x}")
    return "\n".join(lines)


ZERO = Block((0,) * BLOCK_ELEMENTS, 0, _WIDEST)
ONE = Block((1 << 14,) * BLOCK_ELEMENTS, 127, _WIDEST)
NAN = Block((0,) * BLOCK_ELEMENTS, NAN_EXPONENT, _WIDEST)


def row_of(block: Block) -> Block:
    """A block with row 0 only."""
    return replace(block, mantissas=(*block.mantissas[:BLOCK_SIDE], *[0] * (BLOCK_ELEMENTS - BLOCK_SIDE)))


def block(mantissas, exponent: int, bits: int = _WIDEST) -> Block:
    """A block whose last elements are zero."""
    given = tuple(mantissas)
    return Block((*given, *[0] * (BLOCK_ELEMENTS - len(given))), exponent, bits)


def sums_at_every_distance() -> Iterator[Vector]:
    """Cancellation up to where it ends, ties that a bit far below decides, a large unit with few bits."""
    for distance, sign in product(range(70), (1, -1)):
        big = block((16384, 8193, 3, 1, -16384, -1, 32767, 0), 200)
        small = block((sign, sign, 32767 * sign, -16384, sign, -sign, -sign, 16384 * sign), 200 - distance)
        for bits in (4, 16):
            yield Vector(Operation.ADD, (big, NAN, small, NAN), bits)
        ones = block((1, 1, 1, 0), 127)
        c = block((32767 * sign, 32766 * sign, 32763 * sign, 32765 * sign), 127 - distance // 2)
        d = block((32767,) * 4, 127 - (distance + 1) // 2)
        for bits in SMX_BITS:
            yield Vector(Operation.DOT2, (ones, ones, c, d), bits)
            yield Vector(Operation.DOT2, (c, d, ones, ones), bits)


def cancellations() -> Iterator[Vector]:
    """Products that cancel to nothing, or to their last bits, across units up to thirty bits apart."""
    for lead in range(0, 31, 3):
        # a b = 2**lead; c d one less, or the same, in a unit up to thirty bits finer.
        left, right = lead // 2, lead - lead // 2
        a, b = block((1 << min(14, left), 0, 5), 140), block((1 << min(14, right), 3, 7), 140)
        for finer in range(31):
            for c_mantissa, d_mantissa in ((-32767, 32767), (-32767, 32765), (-16384, 16384), (-1, 1), (-181, 181)):
                c = block((c_mantissa, 0, -1), 140 - finer // 2)
                d = block((d_mantissa, 1, 0), 140 - (finer + 1) // 2)
                yield Vector(Operation.DOT2, (a, b, c, d), SMX_BITS[finer % 4])
    whole = block(range(-8, 8), 130)
    mirrored = replace(whole, mantissas=tuple(-m for m in whole.mantissas))
    for bits in SMX_BITS:
        yield Vector(Operation.ADD, (whole, NAN, mirrored, NAN), bits)
        yield Vector(Operation.DOT2, (whole, whole, mirrored, whole), bits)


def limits() -> Iterator[Vector]:
    """Both ends of the exponents and mantissas; zero blocks with high exponents; NaN at every operand."""
    top, low = block((32767, -32767, 16384, -16384, 1, -1), 254), block((32767, -32767, 1, -1), 0)
    minus_one = block((-1, 0, 0, -1), 127)
    for operation, bits in product(OPERANDS, SMX_BITS):
        if operation is Operation.TABLE:
            continue
        choices = [ZERO, ONE, top, low, minus_one, replace(ZERO, exponent=254)]
        for index, operands in enumerate(product(choices, repeat=len(OPERANDS[operation]))):
            if len(operands) == 4 and index % 7 != bits // 4:
                continue
            given = dict(zip(OPERANDS[operation], operands, strict=True))
            yield step(operation, given, bits, doubled=index % 3 == 2)
        for name in OPERANDS[operation]:
            yield step(operation, {other: NAN if other == name else ONE for other in OPERANDS[operation]}, bits)


def arguments() -> Iterator[Vector]:
    """Tables at every exponent that matters, at the ends of segments and ranges, in every width."""
    mantissas = (32767, -32767, 16384, -16384, 16385, 1, -1, 0, 24576, -24577, 20000, -12345, 8191, 255, -3, 32765)
    exponents = (0, 1, 60, 100, *range(104, 146), 180, 253, 254, NAN_EXPONENT)
    for function, order in product(Function, range(MAX_ORDER + 1)):
        for index, exponent in enumerate(exponents):
            argument = Block(mantissas if exponent != NAN_EXPONENT else (0,) * BLOCK_ELEMENTS, exponent, 16)
            if index % 4 == 1:
                narrow = tuple(m >> 8 for m in argument.mantissas)
                argument = Block(tuple(max(m, -127) for m in narrow), exponent, 8)
            yield Vector(
                Operation.TABLE,
                (argument, NAN, NAN, NAN),
                SMX_BITS[(index + order) % 4 if index % 3 else 3],
                function=function,
                order=order,
            )
        yield Vector(Operation.TABLE, (ZERO, ZERO, ZERO, ZERO), 16, (2, 3), function=function, order=order)


def step(operation: Operation, given: dict[str, Block], bits: int, **others) -> Vector:
    """A step with NaN blocks where the operation takes no operand."""
    doubled = others.pop("doubled", False) and operation is Operation.MULTIPLY
    a, b, c, d = (given.get(name, NAN) for name in "abcd")
    return Vector(operation, (a, b, c, d), bits, doubled=doubled, **others)


def directed() -> list[Vector]:
    """All of the above."""
    return [*sums_at_every_distance(), *cancellations(), *limits(), *arguments()]


def random_block(rng: random.Random, near: int | None = None) -> Block:
    """Full range, few bits, small, sparse, or all zero; at an exponent near a given one or anywhere."""
    bits = rng.choice((*SMX_BITS, _WIDEST, _WIDEST))
    limit = SmxFormat(bits).max_mantissa
    kind = rng.choice(("full", "full", "few bits", "small", "sparse", "powers"))
    top = rng.randrange(1, bits)
    mantissas = []
    for _ in range(BLOCK_ELEMENTS):
        mantissa = rng.randint(-limit, limit)
        if kind == "few bits":
            mantissa = mantissa >> top << top
        elif kind == "small":
            mantissa = rng.randint(-1 << top, 1 << top)
        elif kind == "powers":
            mantissa = rng.choice((-1, 1)) << rng.randrange(bits - 1)
        elif kind == "sparse" and rng.random() < 0.8:
            mantissa = 0
        mantissas.append(max(-limit, min(limit, mantissa)))
    exponent = rng.choice((rng.randint(0, 254), rng.randint(110, 145), rng.choice((0, 1, 253, 254))))
    if near is not None:
        exponent = max(0, min(254, near + rng.randint(-20, 20)))
    if rng.random() < 0.02:
        return replace(NAN, bits=bits)
    if rng.random() < 0.04:
        mantissas = [0] * BLOCK_ELEMENTS
    return Block(tuple(mantissas), exponent, bits)


def random_vector(rng: random.Random, operation: Operation | None = None) -> Vector:
    """Any operation; products often of similar weight, sometimes almost opposite."""
    operation = operation or rng.choice(list(OPERANDS))
    a = random_block(rng, 127 if rng.random() < 0.5 else None)
    b = random_block(rng, 127 if rng.random() < 0.5 else None)
    c, d = random_block(rng, a.exponent), random_block(rng, b.exponent)
    if rng.random() < 0.2:
        c = replace(a, mantissas=tuple(-m for m in a.mantissas))
        if rng.random() < 0.7:
            limit = SmxFormat(b.bits).max_mantissa
            noise = (rng.randint(-1, 1) for _ in range(BLOCK_ELEMENTS))
            d = replace(
                b, mantissas=tuple(max(-limit, min(limit, m + n)) for m, n in zip(b.mantissas, noise, strict=True))
            )
    if operation is Operation.TABLE and rng.random() < 0.6:
        a = replace(a, exponent=rng.randint(112, 134)) if a.exponent != NAN_EXPONENT else a
    shape = WHOLE if rng.random() < 0.6 else (rng.randint(1, 4), rng.randint(1, 4))
    return Vector(
        operation,
        (a, b, c, d),
        rng.choice(SMX_BITS),
        shape,
        doubled=operation is Operation.MULTIPLY and rng.random() < 0.4,
        function=rng.choice(list(Function)),
        order=rng.randint(0, MAX_ORDER),
    )
