"""FP32 forward Laplacian (Li et al., 2023), differentiated in reverse: the cheapest known way to a Laplacian.

Values, one row for each coordinate, and one row for the Laplacian are carried forward together::

    y = W h + b     a = W a'                      s = W s'
    h' = phi(y)     a' = phi' a (each coordinate)  s' = phi' s + phi'' sum a^2
"""

from .linear import factors, forward, reverse
from .network import Sizes
from .update import adam
from .values import Work, residual, values, values_reverse
from .workload import Kernel, Workload


def forward_laplacian(sizes: Sizes) -> Workload:
    """A step of the forward Laplacian."""
    points, directions = sizes.interior, sizes.coordinates
    before, after = factors(sizes.layers)
    work: Work = [*before]
    if sizes.boundary:
        work += values("boundary", sizes, sizes.boundary, 1, cut=False)
    work += values("value", sizes, points, 3)
    work += _forward(sizes, points, points * directions)
    work.append(residual(sizes, 2 + directions))
    work += _reverse(sizes, points, points * directions)
    work += values_reverse("value", sizes, points)
    if sizes.boundary:
        work += values_reverse("boundary", sizes, sizes.boundary, cut=False)
    work += [*after, adam(sizes.parameters)]
    neurons, widest = sum(sizes.hidden), max(sizes.hidden)
    return Workload(
        "forward Laplacian",
        tuple(work),
        points,
        directions,
        sizes.parameters,
        sizes.largest_layer,
        kept_words=2 * neurons + widest,  # y and s; what follows from them is computed again
        kept_words_direction=neurons + widest,  # a, all before the activation
    )


def _forward(sizes: Sizes, points: int, rows: int) -> Work:
    work: Work = []
    for index, layer in enumerate(sizes.layers):
        if index:  # each coordinate enters the first layer as a row of its weights, the Laplacian as zero
            work += forward(f"slopes.layer{index}", layer, rows, directional=True)
        if index + 1 < len(sizes.layers):
            n, shared = rows * layer.outputs, points * layer.outputs
            work.append(
                Kernel(
                    f"slopes.activation{index}",
                    "forward",
                    n,
                    adds=n,
                    multiplies=2 * n,
                    reads=shared,
                    writes=2 * n + shared,
                    directional=True,
                )
            )
        if index:
            work += forward(f"laplacian.layer{index}", layer, points)
        if index + 1 < len(sizes.layers):
            n = points * layer.outputs
            work.append(
                Kernel(
                    f"laplacian.activation{index}",
                    "forward",
                    n,
                    adds=n,
                    multiplies=2 * n,
                    reads=3 * n,
                    writes=2 * n,
                )
            )
    return work


def _reverse(sizes: Sizes, points: int, rows: int) -> Work:
    work: Work = []
    for index in reversed(range(len(sizes.layers))):
        layer = sizes.layers[index]
        if index + 1 < len(sizes.layers):
            n, shared = points * layer.outputs, points * layer.outputs
            # to s, p1, p2 and the sum of squares
            work.append(
                Kernel(
                    f"laplacian.activation{index}.reverse",
                    "backward",
                    n,
                    adds=n,
                    multiplies=5 * n,
                    reads=4 * n,
                    writes=3 * n,
                )
            )
            n = rows * layer.outputs
            # g = phi' G + w a, and the sum of G a for p1
            work.append(
                Kernel(
                    f"slopes.activation{index}.reverse",
                    "backward",
                    n,
                    adds=2 * n,
                    multiplies=3 * n,
                    reads=n + 2 * shared,
                    writes=n + shared,
                    directional=True,
                )
            )
        if index:
            work += reverse(f"laplacian.layer{index}", layer, points)
            work += reverse(f"slopes.layer{index}", layer, rows, directional=True)
        else:
            n = rows * layer.outputs
            work.append(Kernel("slopes.layer0.weight", "backward", n, adds=n, reads=n, directional=True))
    return work
