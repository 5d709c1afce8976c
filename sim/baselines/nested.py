"""FP32 automatic differentiation, nested reverse mode: reverse for the gradient, reverse again for each row of the
Hessian over space, and all of it in reverse for the parameters.

With p1, p2 the derivatives of phi at y and, for each direction, t what enters the transposed backward pass::

    values      y = W h + b           h' = phi(y)
    gradient    g = W^T delta'        delta = p1 g
    up          t = W c               c' = p1 t           q = g t          (each direction)
    down        w = W^T z'            z = p1 w + p2 q                      (each direction)

The row of the Hessian is W_1^T z_1. `golden.baseline` is the same in JAX, with which the counts are compared.
"""

from .linear import factors, forward, reverse
from .network import Sizes
from .update import adam
from .values import Work, residual, values, values_reverse
from .workload import Kernel, Workload


def nested_reverse(sizes: Sizes) -> Workload:
    """A step of nested reverse mode."""
    points, directions = sizes.interior, sizes.space
    rows = points * directions
    before, after = factors(sizes.layers)
    work: Work = [*before]
    if sizes.boundary:
        work += values("boundary", sizes, sizes.boundary, 1, cut=False)
    work += values("value", sizes, points, 3)
    work += _gradient(sizes, points)
    work += _up(sizes, rows)
    work += _down(sizes, rows)
    work.append(residual(sizes, 2 + sizes.coordinates))
    work += _down_reverse(sizes, rows)
    work += _up_reverse(sizes, rows)
    work += _gradient_reverse(sizes, points)
    work += values_reverse("value", sizes, points)
    work += _mixed(sizes, points)
    if sizes.boundary:
        work += values_reverse("boundary", sizes, sizes.boundary, cut=False)
    work += [*after, adam(sizes.parameters)]
    neurons, widest = sum(sizes.hidden), max(sizes.hidden)
    return Workload(
        "nested reverse",
        tuple(work),
        points,
        directions,
        sizes.parameters,
        sizes.largest_layer,
        kept_words=2 * neurons + widest,  # y and g; what follows from them is computed again
        kept_words_direction=2 * neurons + widest,  # t and w
    )


def _gradient(sizes: Sizes, points: int) -> Work:
    work: Work = []
    for index in reversed(range(len(sizes.layers))):
        layer = sizes.layers[index]
        first, last = index == 0, index + 1 == len(sizes.layers)
        # The last layer sends back its own weights; the first one is needed for first derivatives alone.
        if not last and (not first or sizes.slopes):
            work += forward(f"gradient.layer{index}", layer, points, transposed=True)
        if not first:
            n = points * layer.inputs
            work.append(Kernel(f"gradient.activation{index - 1}", "forward", n, multiplies=n, reads=n, writes=2 * n))
    return work


def _up(sizes: Sizes, rows: int) -> Work:
    work: Work = []
    for index, layer in enumerate(sizes.layers[:-1]):
        if index:  # each direction enters the first layer as a row of its weights
            work += forward(f"up.layer{index}", layer, rows, directional=True)
        n, shared = rows * layer.outputs, sizes.interior * layer.outputs
        work.append(
            Kernel(
                f"up.activation{index}",
                "forward",
                n,
                multiplies=2 * n,
                reads=2 * shared,
                writes=3 * n,
                directional=True,
            )
        )
    return work


def _down(sizes: Sizes, rows: int) -> Work:
    work: Work = []
    for index in reversed(range(len(sizes.layers) - 1)):
        layer = sizes.layers[index]
        last = index + 2 == len(sizes.layers)
        n, shared = rows * layer.outputs, sizes.interior * layer.outputs
        work.append(
            Kernel(
                f"down.activation{index}",
                "forward",
                n,
                adds=0 if last else n,
                multiplies=n if last else 2 * n,
                reads=n + 2 * shared,
                writes=n if last else 2 * n,
                directional=True,
            )
        )
        work += forward(f"down.layer{index}", layer, rows, directional=True, transposed=True)
    return work


def _down_reverse(sizes: Sizes, rows: int) -> Work:
    work: Work = []
    for index, layer in enumerate(sizes.layers[:-1]):
        work += reverse(f"down.layer{index}", layer, rows, directional=True)
        last = index + 2 == len(sizes.layers)
        n, shared = rows * layer.outputs, sizes.interior * layer.outputs
        # to w, q, p1 and p2; the last hidden layer has no w
        work.append(
            Kernel(
                f"down.activation{index}.reverse",
                "backward",
                n,
                adds=n if last else 2 * n,
                multiplies=2 * n if last else 4 * n,
                reads=(1 if last else 2) * n + 2 * shared,
                writes=(1 if last else 2) * n + 2 * shared,
                directional=True,
            )
        )
    return work


def _up_reverse(sizes: Sizes, rows: int) -> Work:
    work: Work = []
    for index in reversed(range(len(sizes.layers) - 1)):
        layer = sizes.layers[index]
        last = index + 2 == len(sizes.layers)
        n, shared = rows * layer.outputs, sizes.interior * layer.outputs
        # to t, g and p1; nothing comes back through c of the last hidden layer
        work.append(
            Kernel(
                f"up.activation{index}.reverse",
                "backward",
                n,
                adds=n if last else 3 * n,
                multiplies=2 * n if last else 4 * n,
                reads=2 * n + 2 * shared,
                writes=n + 2 * shared,
                directional=True,
            )
        )
        if index:
            work += reverse(f"up.layer{index}", layer, rows, directional=True)
        else:  # rows of the weights: sums over the points
            work.append(Kernel("up.layer0.weight", "backward", n, adds=n, reads=n, directional=True))
    return work


def _gradient_reverse(sizes: Sizes, points: int) -> Work:
    work: Work = []
    for index, layer in enumerate(sizes.layers[:-1]):
        if index or sizes.slopes:
            work += reverse(f"gradient.layer{index}", layer, points)
        n = points * layer.outputs
        work.append(
            Kernel(
                f"gradient.activation{index}.reverse",
                "backward",
                n,
                adds=2 * n,
                multiplies=2 * n,
                reads=3 * n,
                writes=2 * n,
            )
        )
    return work


def _mixed(sizes: Sizes, points: int) -> Work:
    """What p1 and p2 send to y, beside the values' own reverse."""
    n = points * sum(sizes.hidden)
    return [Kernel("value.derivatives.reverse", "backward", n, adds=2 * n, multiplies=2 * n, reads=4 * n, writes=n)]
