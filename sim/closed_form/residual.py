"""The residual of each point of a micro-batch."""

from collections import Counter
from collections.abc import Mapping

from pinta_hw.spec.isa.real import VECTOR_OPERATION_OF

from .problem import ProblemShape
from .tables import Table
from .work import Numbers, Work


def residual(problem: ProblemShape, points: int, others: int, tables: Counter[Table]) -> Counter[Work]:
    """The residuals' operations; their constants are added to ``tables``."""
    work: Counter[Work] = Counter()
    lengths = dict.fromkeys(problem.interior, points)
    lengths |= dict.fromkeys((*problem.boundary, "boundary_scale"), others)
    loaded: set[str] = set()
    for step in problem.program:
        sizes = [_length(name, lengths, points, others) for name in step.operands]
        length = max(sizes)
        lengths[step.result] = length
        if not length or 0 in sizes:
            lengths[step.result] = 0
            continue
        scalars = [size < length for size in sizes]
        work[Numbers(VECTOR_OPERATION_OF[step.operation], length, scalars[0], scalars[-1])] += 1
        constants = (problem.interior | problem.boundary) & set(step.operands)
        for name in constants - loaded:
            tables[Table.of_numbers(lengths[name])] += 1
        loaded |= constants
    return work


def _length(name: str, lengths: Mapping[str, int], points: int, others: int) -> int:
    if name in lengths:
        return lengths[name]
    kind = name.rstrip("0123456789")
    if kind in ("base", "direction", "time", "laplacian"):
        return points
    return others if kind == "boundary" else 1
