"""Which constants of a problem's program differ from point to point."""

import numpy as np

from .problems import Problem


def point_constants(problem: Problem) -> tuple[frozenset[str], frozenset[str]]:
    """Names of the constants of interior and of boundary points; the program's others are the same in all steps."""
    points = problem.sample(np.random.default_rng(0), 2, 2)
    inside, outside = (
        frozenset(name for name, value in constants.items() if value.ndim) for constants in problem.constants(*points)
    )
    return inside, outside
