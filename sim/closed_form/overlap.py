"""How long a step takes, from how long its units work.

Beside the busier one of array and elementwise unit, the other hides, but for what has nothing to run beside it: at the
beginning of the first pass and at the end of the last one, and wherever both need one memory group. The update comes
when everything else has ended. With M and m the cycles of the busier and of the other unit, n the passes of a step,
g the scratchpad groups, U the update's cycles and L the waits for the memory outside::

    cycles = U + M + m (EDGES / n + MEETINGS (8 / g)^3) + LATENCY L

The three constants were fitted to compiled programs, for the least error (`pinta study closed-form` shows it); all else
follows from sizes. More groups, fewer cycles of a unit, or a faster memory never make the result longer.
"""

from collections.abc import Mapping

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.control_timing import CONTROL
from pinta_hw.spec.isa.instruction import Unit

from .cost import UnitWork
from .step import StepWork

EDGES = 0.47
"""Share of one pass's work in the less busy unit that runs beside nothing."""
MEETINGS = 0.21
"""Share of the less busy unit's work that waits for a memory group, of eight."""
LATENCY = 0.3
"""Share of the waits for the memory outside that nothing hides."""
_GROUPS = 8


def step_cycles(config: AcceleratorConfig, step: StepWork, units: Mapping[Unit, UnitWork], memory_latency: int) -> int:
    """About the cycles from a step's begin to the next one's."""
    # A unit's next instruction starts a cycle after the one before has ended.
    idle = CONTROL.next_start - 1
    less, more = sorted(units[unit].cycles + idle * units[unit].instructions for unit in (Unit.GEMM, Unit.ELEMENTWISE))
    exposed = less * (EDGES / step.passes + MEETINGS * (_GROUPS / config.groups) ** 3)
    waits = LATENCY * units[Unit.TRANSFER].instructions * memory_latency
    whole = units[Unit.UPDATE].cycles + more + exposed + waits
    others = max(units[unit].cycles for unit in (Unit.CONVERT, Unit.RESIDUAL, Unit.TRANSFER))
    return round(CONTROL.first_start + CONTROL.boundary + max(whole, units[Unit.UPDATE].cycles + others))
