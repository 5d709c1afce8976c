"""FP32 Stein estimator (He et al., 2023): 1 + 2K rows of values a point, forward and in reverse."""

from .linear import factors
from .network import Sizes
from .update import adam
from .values import Work, residual, values, values_reverse
from .workload import Kernel, Workload


def stein(sizes: Sizes, pairs: int) -> Workload:
    """A step with ``pairs`` antithetic pairs of directions at each point; a derivative by time is among them."""
    directions = 2 * pairs
    rows = sizes.interior * directions
    before, after = factors(sizes.layers)
    base = sizes.interior + sizes.boundary
    # Differences of each pair and their weighted sums: the gradient's terms, the Laplacian's, and back.
    sums = Kernel("stein.sums", "forward", rows, adds=2 * rows, multiplies=2 * rows, reads=rows, directional=True)
    back = Kernel("stein.weights", "backward", rows, multiplies=2 * rows, reads=rows, writes=rows, directional=True)
    offsets = rows * sizes.coordinates
    perturb = Kernel(
        "stein.points", "forward", offsets, adds=offsets, reads=offsets // 2, writes=offsets, directional=True
    )
    work: Work = [
        *before,
        *values("base", sizes, base, 1, cut=False),
        perturb,
        *values("stein", sizes, rows, 1, directional=True),
        sums,
        residual(sizes, 2 + sizes.coordinates),
        back,
        *values_reverse("stein", sizes, rows, directional=True),
        *values_reverse("base", sizes, base, cut=False),
        *after,
        adam(sizes.parameters),
    ]
    neurons, widest = sum(sizes.hidden), max(sizes.hidden)
    return Workload(
        "Stein",
        tuple(work),
        sizes.interior,
        directions,
        sizes.parameters,
        sizes.largest_layer,
        kept_words=neurons + widest,  # y; what follows from them is computed again
        kept_words_direction=neurons + widest,  # y
    )
