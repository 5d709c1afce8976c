"""The forward Laplacian: second-order Taylor mode, with one row for the sum of the second derivatives.

Planes of a point: ``base`` y, ``direction<v>`` a_v = v . grad y, ``laplacian`` s = sum of v^T H v; ``time``, a
direction of first order that takes no part in s; and ``boundary``, whose points carry values only. Linear layers act
on each plane alone. At an activation phi::

    base  h = phi(y)          direction  a_v' = phi' a_v          laplacian  s' = phi' s + phi'' q,  q = sum_v a_v^2

Backward, with G the gradient of a plane after the activation and g of the one before it::

    p = sum_v G_a_v a_v       w = 2 phi'' G_s      r = phi'' s + phi''' q      t = phi' G_y + phi'' p
    g_y = r G_s + t           g_a_v = phi' G_a_v + w a_v                      g_s = phi' G_s

Every assignment rounds once: q, p, w, r, t and the derivatives of phi to SMX-16, the others to the precision of
their role.
What is absent (the Laplacian of the coordinates, gradients that the residual does not have) is left out.
"""

from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ..arithmetic import Arithmetic, Role
from ..layers import Planes

T = TypeVar("T")


class Jet:
    """Values, first derivatives and the Laplacian along the coordinates of space.

    Parameters
    ----------
    space : int
        Coordinates of space, which come first; one more, if there is one, is time.
    """

    def __init__(self, space: int) -> None:
        self._space = space

    def inputs(
        self, arithmetic: Arithmetic[T], interior: npt.NDArray[np.float64], boundary: npt.NDArray[np.float64]
    ) -> Planes[T]:
        planes = {"base": arithmetic.encode(interior, Role.INPUT)}
        for v in range(interior.shape[1]):
            axis = np.zeros(interior.shape)
            axis[:, v] = 1.0
            name = f"direction{v}" if v < self._space else "time"
            planes[name] = arithmetic.encode(axis, Role.INPUT)
        planes["boundary"] = arithmetic.encode(boundary, Role.INPUT)
        return planes

    def activate(self, arithmetic: Arithmetic[T], function: str, y: Planes[T]) -> tuple[Planes[T], T | None]:
        after: Planes[T] = {}
        squares = None
        for plane in ("base", "boundary"):
            if plane in y:
                after[plane] = arithmetic.activate(function, 0, y[plane], Role.ACTIVATION)
        directions = list(_directions(y))
        if directions:
            first = arithmetic.activate(function, 1, y["base"], Role.ELEMENTWISE)
            second = arithmetic.activate(function, 2, y["base"], Role.ELEMENTWISE)
            squares = arithmetic.sum_products([(y[plane], y[plane]) for plane in directions], Role.ELEMENTWISE)
            for plane in _first_order(y):
                after[plane] = arithmetic.multiply(first, y[plane], Role.ACTIVATION)
            after["laplacian"] = (
                arithmetic.dot2(first, y["laplacian"], second, squares, Role.ACTIVATION)
                if "laplacian" in y
                else arithmetic.multiply(second, squares, Role.ACTIVATION)
            )
        return after, squares

    def activate_backward(
        self, arithmetic: Arithmetic[T], function: str, y: Planes[T], squares: T | None, after: Planes[T]
    ) -> Planes[T]:
        before: Planes[T] = {}
        if squares is not None:
            first, second, third = (
                arithmetic.activate(function, order, y["base"], Role.ELEMENTWISE) for order in (1, 2, 3)
            )
            before = _interior_backward(arithmetic, y, squares, after, first, second, third)
        if "boundary" in after:
            slope = arithmetic.activate(function, 1, y["boundary"], Role.ELEMENTWISE)
            before["boundary"] = arithmetic.multiply(slope, after["boundary"], Role.GRADIENT)
        return before


def _interior_backward(
    arithmetic: Arithmetic[T], y: Planes[T], squares: T, after: Planes[T], first: T, second: T, third: T
) -> Planes[T]:
    wide = Role.ELEMENTWISE
    of_laplacian = after.get("laplacian")
    given = [plane for plane in _first_order(y) if plane in after]
    pairs = [(after[plane], y[plane]) for plane in given]
    products = [(first, after["base"])] if "base" in after else []
    if pairs:
        products.append((second, arithmetic.sum_products(pairs, wide)))
    if of_laplacian is None:
        before = {"base": _sum(arithmetic, products, Role.GRADIENT)}
        return before | {plane: arithmetic.multiply(first, after[plane], Role.GRADIENT) for plane in given}

    has_laplacian = "laplacian" in y
    bend = [(second, y["laplacian"])] if has_laplacian else []
    curvature = _sum(arithmetic, [*bend, (third, squares)], wide)
    before = {
        "base": arithmetic.multiply_add(curvature, of_laplacian, _sum(arithmetic, products, wide), Role.GRADIENT)
        if products
        else arithmetic.multiply(curvature, of_laplacian, Role.GRADIENT)
    }
    weight = arithmetic.multiply(second, of_laplacian, wide, doubled=True)
    for plane in _directions(y):
        products = [(first, after[plane])] if plane in after else []
        before[plane] = _sum(arithmetic, [*products, (weight, y[plane])], Role.GRADIENT)
    if "time" in given:
        before["time"] = arithmetic.multiply(first, after["time"], Role.GRADIENT)
    if has_laplacian:
        before["laplacian"] = arithmetic.multiply(first, of_laplacian, Role.GRADIENT)
    return before


def _sum(arithmetic: Arithmetic[T], products: list[tuple[T, T]], role: Role) -> T:
    """One product, or the fused sum of two."""
    if len(products) == 1:
        return arithmetic.multiply(*products[0], role)
    return arithmetic.dot2(*products[0], *products[1], role)


def _directions(planes: Planes[Any]) -> Iterator[str]:
    return (plane for plane in planes if plane.startswith("direction"))


def _first_order(planes: Planes[Any]) -> Iterator[str]:
    yield from _directions(planes)
    if "time" in planes:
        yield "time"
