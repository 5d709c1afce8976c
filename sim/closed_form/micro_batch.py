"""The operations of one micro-batch, as `golden.differentiation` asks for them."""

from collections import Counter

from .backward import Backward
from .context import StepContext
from .forward import Forward
from .residual import residual
from .row_sums import RowSums
from .rows import Rows
from .tables import Table
from .work import Phases, Product


class MicroBatch:
    """Forward, residual and backward pass for some points.

    Parameters
    ----------
    context : StepContext
        The step.
    points, others : int
        Interior points, and boundary points of all conditions.

    Attributes
    ----------
    phases : dict of Counter
        Operations by phase.
    tables : Counter
        What is loaded.
    begun : dict
        The first product of each sum of weights' gradients.
    kept_words, largest_words : int
        As `Forward` has them.
    """

    def __init__(self, context: StepContext, points: int, others: int) -> None:
        self.phases: Phases = {"forward": Counter(), "residual": Counter(), "backward": Counter()}
        self.tables: Counter[Table] = Counter()
        self.begun: dict[tuple[int, str], Product] = {}
        forward = Forward(Rows(context, points, self.phases["forward"], self.tables), others)
        self.phases["residual"] = residual(context.problem, points, others, self.tables)
        rows = Rows(context, points, self.phases["backward"], self.tables)
        Backward(rows, forward, others, RowSums(self.phases, self.begun))
        self.kept_words, self.largest_words = forward.kept_words, forward.largest_words
