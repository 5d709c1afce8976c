"""What the instructions of the residual unit and the update unit do to the real memory, on bit patterns."""

import numpy as np

from golden.real import run_program
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.real import ADAM_SCALARS, VECTOR_OPERATION_OF, Update, Vector, VectorOperation
from pinta_hw.spec.real import RealOperation
from pinta_hw.spec.real_timing import PARAMETER_GROUPS, UPDATE_PROGRAMS

from .reference import SIGN, Bits, numpy_model

_REAL_OPERATION_OF = {vector: real for real, vector in VECTOR_OPERATION_OF.items()}


def execute(config: AcceleratorConfig, memory: Bits, instruction: Vector | Update) -> None:
    """Change ``memory``, the words of all groups, as the instruction says."""
    if isinstance(instruction, Vector):
        _execute_vector(memory, instruction)
    else:
        _execute_update(config, memory, instruction)


def _execute_vector(memory: Bits, vector: Vector) -> None:
    elements = np.arange(vector.length)
    a = memory[vector.a + (0 if vector.a_scalar else 1) * elements]
    b = memory[vector.b + (0 if vector.b_scalar else 1) * elements]
    if vector.operation is VectorOperation.SUM:
        total = np.array([SIGN], dtype=np.uint32)
        for element in range(vector.length):
            total = numpy_model(RealOperation.ADD, total, a[element : element + 1])
        memory[vector.result] = total[0]
    else:
        results = numpy_model(_REAL_OPERATION_OF[vector.operation], a, b)
        memory[vector.result : vector.result + vector.length] = results


def _execute_update(config: AcceleratorConfig, memory: Bits, update: Update) -> None:
    scalars = memory[update.scalars : update.scalars + len(ADAM_SCALARS)].view(np.float32)
    places = {
        name: slice(start := group * config.real_group_words + update.offset, start + update.count)
        for name, group in PARAMETER_GROUPS.items()
    }
    inputs = dict(zip(ADAM_SCALARS, scalars, strict=False))
    inputs |= {name: memory[place].view(np.float32) for name, place in places.items()}
    program = UPDATE_PROGRAMS[update.optimizer]
    after = run_program(program, inputs)
    for name in {step.result for step in program} & places.keys():
        memory[places[name]] = after[name].view(np.uint32)
