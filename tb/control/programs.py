"""Random programs of legal instructions, which wait for one another at random."""

import random

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.convert import Encode
from pinta_hw.spec.isa.elementwise import ActivationFunction, Elementwise, ElementwiseOperation, Walk
from pinta_hw.spec.isa.gemm import Gemm
from pinta_hw.spec.isa.instruction import WAIT_BITS, Instruction, Operation, Unit, stream_bits, stream_word
from pinta_hw.spec.isa.real import Optimizer, Update, Vector, VectorOperation
from pinta_hw.spec.isa.real_memory import RealView
from pinta_hw.spec.isa.transfer import Direction, Transfer
from pinta_hw.spec.layout import place

WAITS_BITS = WAIT_BITS * len(Unit)


def random_operation(config: AcceleratorConfig, rng: random.Random, unit: Unit) -> Operation:
    """An operation that the machine accepts; what it means does not matter."""
    tensors = [place(config, group * config.group_words, 4, 4, 8) for group in range(3)]
    match unit:
        case Unit.GEMM:
            return Gemm(*tensors, grouping=rng.randrange(len(config.groupings)))
        case Unit.ELEMENTWISE:
            a, result = (
                Walk(group * config.group_words, 8, 0, 1, 1, 2) for group in rng.sample(range(config.groups), 2)
            )
            function, order = rng.choice(list(ActivationFunction)), rng.randrange(4)
            table = ElementwiseOperation.TABLE
            return Elementwise(table, a, result, 1, 1, 1, True, 3, 3, function=function, order=order)
        case Unit.CONVERT:
            return Encode(RealView.matrix(rng.randrange(config.real_memory_words), 4, 4), tensors[0])
        case Unit.RESIDUAL:
            return Vector(rng.choice(list(VectorOperation)), 0, rng.randrange(config.real_memory_words), 4, 1)
        case Unit.UPDATE:
            return Update(rng.choice(list(Optimizer)), 4 * rng.randrange(config.real_words), 1 + rng.randrange(99), 0)
        case Unit.TRANSFER:
            return Transfer(rng.choice(list(Direction)), 16 * rng.randrange(1 << 36), 16, 0, 1 + rng.randrange(99))


def random_section(config: AcceleratorConfig, rng: random.Random, length: int) -> list[Instruction]:
    """``length`` instructions, each waiting for some of those before it."""
    issued = dict.fromkeys(Unit, 0)
    section = []
    for _ in range(length):
        unit = rng.choice(list(Unit))
        after = {other: rng.randint(0, issued[other]) for other in Unit if rng.random() < 0.3}
        section.append(Instruction(random_operation(config, rng, unit), after))
        issued[unit] += 1
    return section


def operation_bits(config: AcceleratorConfig, instruction: Instruction) -> int:
    """What the unit is given."""
    return stream_word(config, instruction) >> WAITS_BITS


def program_word_bits(config: AcceleratorConfig) -> int:
    """Bits of the widest stream."""
    return max(stream_bits(config, unit) for unit in Unit)
