"""How long a step takes, from how long its units work.

Beside the busier one of array and elementwise unit the other one hides, and so do transfers, but where two of them
need one memory group: the fewer groups there are, and the fuller they are, the more often. From master weights to
factors and from sums to gradients of cores leads a chain of small products and conversions, in which the array idles.
The update comes when everything else has ended. With M and m the cycles of the busier and of the other unit, X, U and C
those of transfers, update and the chain's conversions, g the scratchpad groups, and o the share of the scratchpad that
a micro-batch keeps for its backward pass::

    cycles = U + M + CHAIN C + MEETINGS (m + X) (8 / g)^(3/2) o^(1/4)

Both constants were fitted to compiled programs, for the least error (`pinta study closed-form` shows it); all else
follows from sizes. Neither a larger scratchpad, nor fewer cycles of a unit, nor a faster memory ever makes the result
longer.
"""

from collections.abc import Mapping

from pinta_hw.spec.control_timing import CONTROL
from pinta_hw.spec.isa.instruction import Unit

from .cost import CostModel, UnitWork
from .step import StepWork

MEETINGS = 0.3
"""Share of the other units' work that waits for one of eight memory groups, if all are full."""
CHAIN = 0.35
"""Share of the chain's conversions that nothing hides."""
_GROUPS = 8


def step_cycles(model: CostModel, step: StepWork, units: Mapping[Unit, UnitWork]) -> int:
    """About the cycles from a step's begin to the next one's, with ``units`` what each does in it."""
    config = model.config
    # A unit's next instruction starts a cycle after the one before has ended.
    idle = CONTROL.next_start - 1
    less, more = sorted(units[unit].cycles + idle * units[unit].instructions for unit in (Unit.GEMM, Unit.ELEMENTWISE))
    kept = step.kept_words / config.scratchpad_words
    met = MEETINGS * (less + units[Unit.TRANSFER].cycles) * (_GROUPS / config.groups) ** 1.5 * kept**0.25
    exposed = CHAIN * model.chain(step) + met
    longest = max(more + exposed, *(units[unit].cycles for unit in (Unit.CONVERT, Unit.RESIDUAL, Unit.TRANSFER)))
    return round(CONTROL.first_start + CONTROL.boundary + units[Unit.UPDATE].cycles + longest)
