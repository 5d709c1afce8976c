"""One side of a tensor train contracted to a matrix, and the gradients of its cores.

The output side becomes A, shape (M, r), from core 1 inwards; the input side becomes B transposed, shape (N, r), from
the last core inwards. With T the product so far, shape (P, r), and C the next core unfolded to (r, n r')::

    T' = T C, shape (P, n r'), written as (P n, r') on the output side and as (n P, r') on the input side

Operands are SMX-16. Every product goes from the accumulators to FP32, where it lies as another matrix, and is quantized
from there in the new blocks: to SMX-16 between cores, the last one to the precision that the caller names.
Backward, with D the gradient of T' in the shape (P, n r'), SMX-16 too::

    dC = T^T D         dT = D C^T
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..arithmetic import Arithmetic, Role
from ..layout import Layout
from ..real import Reals

T = TypeVar("T")


@dataclass(frozen=True)
class Link(Generic[T]):
    """One core of a side, after the first, and the product that it is multiplied to."""

    product: T
    core: T
    shape: tuple[int, int, int]
    """The core's inner rank, mode and outer rank, seen along the side."""
    rows: int
    """Of the product."""


@dataclass(frozen=True)
class Side(Generic[T]):
    """The contracted side.

    Parameters
    ----------
    name : str
        Prefix of its products in a trace.
    mirrored : bool
        Whether this is the input side.
    first : tuple of int
        Shape of the first core along the side.
    links : tuple of Link
        The other cores.
    factor : T
        The matrix, shape (M, r) or (N, r).
    """

    name: str
    mirrored: bool
    first: tuple[int, int, int]
    links: tuple[Link[T], ...]
    factor: T


def contract_side(
    arithmetic: Arithmetic[T], name: str, cores: Sequence[Reals], role: Role, *, mirrored: bool
) -> Side[T]:
    """Contract the cores of one side, given in the order of the train.

    Parameters
    ----------
    arithmetic : Arithmetic
        Of all products.
    name : str
        Prefix of the products in a trace.
    cores : sequence of arrays
        Shapes (r, n, r').
    role : Role
        Precision of the result.
    mirrored : bool
        Whether the cores are those of the input side.
    """
    ordered = [core.transpose(2, 1, 0) for core in reversed(cores)] if mirrored else list(cores)
    last = len(ordered) - 1
    _, rows, rank = ordered[0].shape
    product = arithmetic.encode(ordered[0].reshape(rows, rank), Role.ELEMENTWISE if last else role)
    links = []
    for k, core in enumerate(ordered[1:], start=1):
        inner, mode, outer = core.shape
        unfolded = arithmetic.encode(core.reshape(inner, mode * outer), Role.ELEMENTWISE)
        links.append(Link(product, unfolded, (inner, mode, outer), rows))
        layout = Layout((rows, mode, outer), (1, 0, 2) if mirrored else (0, 1, 2), 2)
        after = layout.apply(arithmetic.contract(f"{name}.core{k}", product, unfolded))
        product = arithmetic.encode(after, role if k == last else Role.ELEMENTWISE)
        rows *= mode
    return Side(name, mirrored, (1, ordered[0].shape[1], rank), tuple(links), product)


def side_gradients(arithmetic: Arithmetic[T], side: Side[T], gradient: Reals) -> list[Reals]:
    """Gradients of the cores, in the order and shapes of the train; each product is quantized once, to SMX-16."""
    found = []
    for k in reversed(range(len(side.links))):
        link = side.links[k]
        d = arithmetic.encode(_unfolding(side, k).apply(gradient), Role.ELEMENTWISE)
        name = f"{side.name}.core{k + 1}"
        core = arithmetic.contract(f"{name}.gradient", link.product, d, a_transposed=True)
        found.append(core.reshape(link.shape))
        gradient = arithmetic.contract(f"{name}.product_gradient", d, link.core, b_transposed=True)
    found.append(gradient.reshape(side.first))
    return [core.transpose(2, 1, 0) for core in found] if side.mirrored else found[::-1]


def _unfolding(side: Side[T], index: int) -> Layout:
    """From the gradient of a product, shape (P n, r') or (n P, r'), to the shape (P, n r') that it came from."""
    link = side.links[index]
    _, mode, outer = link.shape
    if side.mirrored:
        return Layout((mode, link.rows, outer), (1, 0, 2), 1)
    return Layout((link.rows, mode, outer), (0, 1, 2), 1)
