"""Pareto fronts."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def front(figures: npt.ArrayLike) -> list[int]:
    """Rows that no other row beats: none is at most as large everywhere and smaller somewhere.

    Parameters
    ----------
    figures : float array, shape (points, objectives)
        Less is better; rows that are not finite are never in the front.

    Returns
    -------
    list of int
        In ascending order of the first objective, then the second, and so on; of equal rows the first.
    """
    values = np.asarray(figures, dtype=np.float64)
    rows = np.flatnonzero(np.isfinite(values).all(axis=1))
    # In this order nothing beats a row that comes before it.
    left: Sequence[int] = rows[np.lexsort(values[rows].T[::-1])].tolist()
    found = []
    while left:
        best = left[0]
        found.append(best)
        others = np.array(left[1:], dtype=np.int64)
        left = others[(values[others] < values[best]).any(axis=1)].tolist() if len(others) else []
    return found
