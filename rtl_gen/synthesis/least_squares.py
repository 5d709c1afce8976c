"""Least squares for quantities that cannot be negative."""

import numpy as np
import numpy.typing as npt


def not_negative(counts: npt.NDArray[np.float64], spent: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Least squares without negative solutions: what would be negative is zero."""
    used = [column for column in range(counts.shape[1]) if counts[:, column].any()]
    solution = np.zeros(counts.shape[1])
    while used:
        found = np.linalg.lstsq(counts[:, used], spent, rcond=None)[0]
        if (found >= 0).all():
            solution[used] = found
            break
        used = [column for column, value in zip(used, found, strict=True) if value > 0]
    return solution
