"""What a compiled training multiplies by zero."""

from pinta_hw.spec.activity import Activity

from .lowering.compiler import Lowered
from .machine import Machine
from .machine.activity import executed_activities


def first_step_activities(lowered: Lowered) -> list[Activity]:
    """Of each instruction of the body in the first step, which is executed bit for bit."""
    machine = Machine(lowered.config, lowered.memory.bytes)
    machine.write(lowered.memory.image(1))
    machine.section(lowered.program.prologue, 0)
    return executed_activities(machine, lowered.program.body, 0)
