"""How long a step takes, from how long its units work.

Beside the busier one of array and elementwise unit, the other one hides, but for what has nothing to run beside it: at
the beginning of the first pass and at the end of the last one, and wherever two need one memory group, which transfers
need, too. The update comes when everything else has ended. With M and m the cycles of the busier and of the other
unit, X those of the transfers, n the passes of a step, g the scratchpad groups and U the update's cycles::

    cycles = U + M + EDGES m / n + MEETINGS (m + X) (8 / g)^2

Both constants were fitted to compiled programs, for the least error (`pinta study closed-form` shows it); all else
follows from sizes. More groups, fewer cycles of a unit, or a faster memory never make the result longer.
"""

from collections.abc import Mapping

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.control_timing import CONTROL
from pinta_hw.spec.isa.instruction import Unit

from .cost import UnitWork
from .step import StepWork

EDGES = 0.16
"""Share of one pass's work in the less busy unit that runs beside nothing."""
MEETINGS = 0.34
"""Share of the other units' work that waits for one of eight memory groups."""
_GROUPS = 8


def step_cycles(config: AcceleratorConfig, step: StepWork, units: Mapping[Unit, UnitWork]) -> int:
    """About the cycles from a step's begin to the next one's."""
    # A unit's next instruction starts a cycle after the one before has ended.
    idle = CONTROL.next_start - 1
    less, more = sorted(units[unit].cycles + idle * units[unit].instructions for unit in (Unit.GEMM, Unit.ELEMENTWISE))
    moved = units[Unit.TRANSFER].cycles
    exposed = EDGES * less / step.passes + MEETINGS * (less + moved) * (_GROUPS / config.groups) ** 2
    longest = max(more + exposed, *(units[unit].cycles for unit in (Unit.CONVERT, Unit.RESIDUAL, Unit.TRANSFER)))
    return round(CONTROL.first_start + CONTROL.boundary + units[Unit.UPDATE].cycles + longest)
