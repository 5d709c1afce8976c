"""The row of the Laplacian that `jet` carries beside its directions.

At an activation, with q the sum of the directions' squares before it::

    s' = phi' s + phi'' q
    g_s = phi' G_s        w = 2 phi'' G_s        g_y += r G_s,  r = phi'' s + phi''' q

w goes to the directions; w, r and q round to SMX-16.
"""

from typing import TypeVar

from ..arithmetic import Arithmetic, Role
from ..slopes import Slopes

T = TypeVar("T")


def activate(arithmetic: Arithmetic[T], slopes: Slopes[T], s: T, squares: T) -> T:
    """The row after an activation."""
    return arithmetic.dot2(slopes(1), s, slopes(2), squares, Role.S_ROW)


def activate_backward(
    arithmetic: Arithmetic[T], slopes: Slopes[T], s: T, squares: T, after: T
) -> tuple[T, T, tuple[T, T]]:
    """The row's gradient before the activation, w, and the product that the base rows' gradient gains."""
    bend = arithmetic.multiply(slopes(2), after, Role.ELEMENTWISE, doubled=True)
    curvature = arithmetic.dot2(slopes(2), s, slopes(3), squares, Role.ELEMENTWISE)
    return arithmetic.multiply(slopes(1), after, Role.GRADIENT), bend, (curvature, after)
