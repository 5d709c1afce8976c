"""Random instructions for the residual unit and the update unit, and numbers for them."""

from dataclasses import dataclass

import numpy as np

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.real import ADAM_SCALARS, VECTOR_OPERATION_OF, Optimizer, Update, Vector, VectorOperation
from pinta_hw.spec.isa.real_memory import REAL_BANKS, REAL_GROUPS, RealGroup
from pinta_hw.spec.real import RealOperation

from .reference import Bits
from .vectors import directed, random_pairs

_REAL_OPERATION_OF = {vector: real for real, vector in VECTOR_OPERATION_OF.items()}


@dataclass(frozen=True)
class Case:
    """An instruction, and what to place before it.

    Parameters
    ----------
    contents : dict of int to array
        Words by the address of the first.
    results : tuple of (int, int)
        Where to look afterwards: first word and number of words.
    """

    instruction: Vector | Update
    contents: dict[int, Bits]
    results: tuple[tuple[int, int], ...]


def random_vector(
    config: AcceleratorConfig, rng: np.random.Generator, operation: VectorOperation, most_words: int
) -> Case:
    """Operands and result anywhere; often in one group, sometimes the result is where an operand is."""
    group_words = config.real_group_words
    length = int(rng.integers(1, rng.choice([8, most_words]), endpoint=True))
    a_scalar, b_scalar = (bool(flag) for flag in rng.random(2) < 0.3)
    same_group = rng.random() < 0.5
    groups = [int(group) for group in rng.integers(REAL_GROUPS, size=3)]

    def place(index: int, words: int) -> int:
        return groups[0 if same_group else index] * group_words + int(rng.integers(group_words - words + 1))

    sums = operation is VectorOperation.SUM
    words = 1 if sums else length
    while True:
        a, b, result = place(0, 1 if a_scalar else length), place(1, 1 if b_scalar else length), place(2, words)
        if rng.random() < 0.4:
            result = int(rng.choice([a, b]))
        inside = result % group_words + words <= group_words
        meets = [
            result < start + length and start < result + words and result != start
            for start, scalar in ((a, a_scalar), (b, b_scalar))
            if not scalar
        ]
        if inside and not any(meets):
            break
    contents = dict(zip((a, b), _operands(operation, length, rng), strict=True)) if a != b else {}
    if not contents:
        contents[a] = _operands(operation, length, rng)[0]
    for start, scalar in ((a, a_scalar), (b, b_scalar)):
        contents[start] = contents[start][: 1 if scalar and not (a == b and not (a_scalar and b_scalar)) else length]
    return Case(Vector(operation, result, a, b, length, a_scalar, b_scalar), contents, ((result, words),))


def _operands(operation: VectorOperation, length: int, rng: np.random.Generator) -> tuple[Bits, Bits]:
    if operation is VectorOperation.SUM and rng.random() < 0.7:
        numbers = rng.normal(size=(2, length)) * 2.0 ** rng.integers(-12, 12, size=(2, length))
        a, b = numbers.astype(np.float32).view(np.uint32)
        return a, b
    real = RealOperation.ADD if operation is VectorOperation.SUM else _REAL_OPERATION_OF[operation]
    count = 4 * -(-length // 4)
    a, b = random_pairs(real, count, rng)
    few = rng.random(count) < 0.1
    chosen = rng.choice(len(_DIRECTED[0]), count)
    return tuple(np.where(few, special[chosen], side)[:length] for special, side in zip(_DIRECTED, (a, b), strict=True))


_DIRECTED = directed()


def random_update(
    config: AcceleratorConfig, rng: np.random.Generator, optimizer: Optimizer, most_parameters: int
) -> Case:
    """Numbers as in training, or any bits; constants anywhere."""
    group_words = config.real_group_words
    count = int(rng.integers(1, rng.choice([8, most_parameters]), endpoint=True))
    offset = REAL_BANKS * int(rng.integers((group_words - count) // REAL_BANKS + 1))
    scalars = int(rng.integers(REAL_GROUPS)) * group_words + int(rng.integers(group_words - len(ADAM_SCALARS) + 1))
    contents = {}
    if rng.random() < 0.5:
        numbers = {
            RealGroup.WEIGHT: rng.normal(size=count),
            RealGroup.FIRST_MOMENT: rng.normal(size=count) * 1e-2,
            RealGroup.SECOND_MOMENT: rng.normal(size=count) ** 2 * 1e-4,
            RealGroup.GRADIENT: rng.normal(size=count) * 10.0 ** rng.integers(-12, 3),
        }
        for group, values in numbers.items():
            contents[group * group_words + offset] = values.astype(np.float32).view(np.uint32)
        step = int(rng.integers(1, 2000))
        correction = (1 - 0.999**step) ** 0.5
        constants = [1e-3 * correction / (1 - 0.9**step), 1e-8 * correction, 0.9, 1 - 0.9, 0.999, 1 - 0.999]
        contents[scalars] = np.array(constants).astype(np.float32).view(np.uint32)
    else:
        for group in RealGroup:
            contents[group * group_words + offset] = _operands(VectorOperation.MULTIPLY, count, rng)[0]
        contents[scalars] = _operands(VectorOperation.MULTIPLY, len(ADAM_SCALARS), rng)[1]
    written = (RealGroup.WEIGHT,) if optimizer is Optimizer.SGD else tuple(RealGroup)[:3]
    results = tuple((group * group_words + offset, count) for group in written)
    return Case(Update(optimizer, offset, count, scalars), contents, results)
