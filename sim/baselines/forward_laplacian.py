"""FP32 forward Laplacian (Li et al., 2023), differentiated in reverse: the cheapest known way to a Laplacian.

Values, one row for each coordinate, and one row for the Laplacian are carried forward together::

    y = W h + b     a = W a'                      s = W s'
    h' = phi(y)     a' = phi' a (each coordinate)  s' = phi' s + phi'' sum a^2
"""

from .linear import factors, forward, reverse
from .network import Sizes
from .update import adam
from .values import Work, residual, values, values_reverse
from .workload import Kernel, Workload, each


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
        n, shared = rows * layer.outputs, points * layer.outputs
        hidden = index + 1 < len(sizes.layers)
        if index:  # each coordinate enters the first layer as a row of its weights, the Laplacian as zero
            work += forward(f"slopes.layer{index}", layer, rows, directional=True)
        if hidden:
            name, counts = f"slopes.activation{index}", {"adds": 1, "multiplies": 2, "writes": 2}
            work.append(each(name, "forward", n, shared, **counts, shared_reads=1, shared_writes=1))
        if index:
            work += forward(f"laplacian.layer{index}", layer, points)
        if hidden:
            name = f"laplacian.activation{index}"
            work.append(each(name, "forward", shared, adds=1, multiplies=2, reads=3, writes=2))
    return work


def _reverse(sizes: Sizes, points: int, rows: int) -> Work:
    work: Work = []
    for index in reversed(range(len(sizes.layers))):
        layer = sizes.layers[index]
        n, shared = rows * layer.outputs, points * layer.outputs
        if index + 1 < len(sizes.layers):
            # to s, p1, p2 and the sum of squares
            name = f"laplacian.activation{index}.reverse"
            work.append(each(name, "backward", shared, adds=1, multiplies=5, reads=4, writes=3))
            # g = phi' G + w a, and the sum of G a for p1
            name, counts = f"slopes.activation{index}.reverse", {"adds": 2, "multiplies": 3, "reads": 1, "writes": 1}
            work.append(each(name, "backward", n, shared, **counts, shared_reads=2, shared_writes=1))
        if index:
            work += reverse(f"laplacian.layer{index}", layer, points)
            work += reverse(f"slopes.layer{index}", layer, rows, directional=True)
        else:
            work.append(Kernel("slopes.layer0.weight", "backward", n, adds=n, reads=n, directional=True))
    return work
