"""What was to be shown, and whether it is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """A ratio of a baseline to ours.

    Parameters
    ----------
    against : str
        The baseline.
    quantity : str
        ``time`` or ``energy``.
    wanted : float
        At least.
    source : str
        Who says so.
    """

    against: str
    quantity: str
    wanted: float
    source: str


_PUBLISHED = "the range that arXiv 2512.09202 states against automatic differentiation on an unnamed platform"
_OWN = "this project's own aim"
_STEIN = "what arXiv 2512.09202 states at most against its Stein baseline"

EDGE = (
    Goal("nested AD, edge GPU", "time", 5.5, f"lower end of {_PUBLISHED}"),
    Goal("nested AD, edge GPU", "energy", 159.6, f"lower end of {_PUBLISHED}"),
)
"""On every problem."""
EDGE_LARGEST = (
    Goal("nested AD, edge GPU", "time", 83.5, f"upper end of {_PUBLISHED}"),
    Goal("nested AD, edge GPU", "energy", 2324.1, f"upper end of {_PUBLISHED}"),
)
"""On the problem with the largest ratio."""
SAME_AREA = (Goal("nested AD, same area", "time", 20.0, _OWN), Goal("nested AD, same area", "energy", 25.0, _OWN))
LIKE_FOR_LIKE = (Goal("Stein, same area", "time", 18.3, _STEIN), Goal("Stein, same area", "energy", 16.0, _STEIN))
