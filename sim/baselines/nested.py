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
from .network import Layer, Sizes
from .update import adam
from .values import Work, residual, values, values_reverse
from .workload import Kernel, Workload, each


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
            work.append(each(f"gradient.activation{index - 1}", "forward", n, multiplies=1, reads=1, writes=2))
    return work


def _hidden(sizes: Sizes) -> list[tuple[int, Layer, bool]]:
    """Number of each hidden layer, the layer, and whether it is the last of them."""
    return [(index, layer, index + 2 == len(sizes.layers)) for index, layer in enumerate(sizes.layers[:-1])]


def _up(sizes: Sizes, rows: int) -> Work:
    work: Work = []
    for index, layer, _ in _hidden(sizes):
        if index:  # each direction enters the first layer as a row of its weights
            work += forward(f"up.layer{index}", layer, rows, directional=True)
        n, shared = rows * layer.outputs, sizes.interior * layer.outputs
        work.append(each(f"up.activation{index}", "forward", n, shared, multiplies=2, shared_reads=2, writes=3))
    return work


def _down(sizes: Sizes, rows: int) -> Work:
    work: Work = []
    for index, layer, last in reversed(_hidden(sizes)):
        n, shared = rows * layer.outputs, sizes.interior * layer.outputs
        both = 1 if last else 2  # the last hidden layer has no p1 w
        name = f"down.activation{index}"
        work.append(
            each(name, "forward", n, shared, adds=both - 1, multiplies=both, reads=1, shared_reads=2, writes=both)
        )
        work += forward(f"down.layer{index}", layer, rows, directional=True, transposed=True)
    return work


def _down_reverse(sizes: Sizes, rows: int) -> Work:
    work: Work = []
    for index, layer, last in _hidden(sizes):
        work += reverse(f"down.layer{index}", layer, rows, directional=True)
        n, shared = rows * layer.outputs, sizes.interior * layer.outputs
        both = 1 if last else 2  # to w, q, p1 and p2; the last hidden layer has no w
        counts = {"adds": both, "multiplies": 2 * both, "reads": both, "writes": both}
        name = f"down.activation{index}.reverse"
        work.append(each(name, "backward", n, shared, **counts, shared_reads=2, shared_writes=2))
    return work


def _up_reverse(sizes: Sizes, rows: int) -> Work:
    work: Work = []
    for index, layer, last in reversed(_hidden(sizes)):
        n, shared = rows * layer.outputs, sizes.interior * layer.outputs
        # to t, g and p1; nothing comes back through c of the last hidden layer
        counts = {"adds": 1 if last else 3, "multiplies": 2 if last else 4, "reads": 2, "writes": 1}
        name = f"up.activation{index}.reverse"
        work.append(each(name, "backward", n, shared, **counts, shared_reads=2, shared_writes=2))
        if index:
            work += reverse(f"up.layer{index}", layer, rows, directional=True)
        else:  # rows of the weights: sums over the points
            work.append(Kernel("up.layer0.weight", "backward", n, adds=n, reads=n, directional=True))
    return work


def _gradient_reverse(sizes: Sizes, points: int) -> Work:
    work: Work = []
    for index, layer, _ in _hidden(sizes):
        if index or sizes.slopes:
            work += reverse(f"gradient.layer{index}", layer, points)
        name, n = f"gradient.activation{index}.reverse", points * layer.outputs
        work.append(each(name, "backward", n, adds=2, multiplies=2, reads=3, writes=2))
    return work


def _mixed(sizes: Sizes, points: int) -> Work:
    """What p1 and p2 send to y, beside the values' own reverse."""
    n = points * sum(sizes.hidden)
    return [each("value.derivatives.reverse", "backward", n, adds=2, multiplies=2, reads=4, writes=1)]
