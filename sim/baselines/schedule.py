"""What an FP32 machine keeps on the chip, and in which chunks a step runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .workload import Workload

Handling = Literal["keep", "recompute", "layer by layer"]


@dataclass(frozen=True)
class Schedule:
    """How a step is cut to fit the memory.

    Parameters
    ----------
    handling : str
        What becomes of rows between forward and backward: they are kept; those of directions are computed again; or one
        layer runs on all rows after the other, and rows go to the memory outside and come back.
    points, directions : int
        Of a chunk.
    point_chunks, chunks : int
        Chunks of points, and of points and directions, of the step.
    resident : tuple of str
        What stays on the chip of ``weights``, ``gradients``, ``moments``.
    outside_words : int
        FP32 words that cross the port in a step, without those of the update.
    update_words : int
        Those of the update.
    """

    handling: Handling
    points: int
    directions: int
    point_chunks: int
    chunks: int
    resident: tuple[str, ...]
    outside_words: int
    update_words: int


_RESIDENT: tuple[tuple[str, ...], ...] = (
    ("weights", "gradients", "moments"),
    ("weights", "gradients"),
    ("weights",),
    ("gradients",),
    (),
)
_STATE = {"weights": 1, "gradients": 1, "moments": 2}
"""Words a parameter."""
_PASSES = 2
"""Times that a chunk needs the weights: forward, backward."""
_POINTS_AT_ONCE = (1, 4, 8, 16, 32)
"""Whose directions run in chunks together."""
_TILE = 8
"""Rows of a chunk that fill arrays well are multiples of this."""


def schedules(workload: Workload, memory_words: int) -> Iterator[Schedule]:
    """Ways of cutting a step that fit: for each handling and residency, the largest chunks and even ones."""
    for resident in _RESIDENT:
        free = memory_words - workload.parameters * sum(_STATE[name] for name in resident)
        point = workload.kept_words + workload.directions * workload.kept_words_direction
        for points in _even(workload.points, free // point):
            yield _chunked(workload, "keep", points, workload.directions, resident)
        for points in _POINTS_AT_ONCE:
            left = free - points * workload.kept_words
            for directions in _even(workload.directions, left // (points * workload.kept_words_direction)):
                if directions < workload.directions and points <= workload.points:
                    yield _chunked(workload, "recompute", points, directions, resident)
    yield _layer_by_layer(workload, memory_words)


def _even(count: int, most: int) -> set[int]:
    """Sizes of at most ``most`` that cut ``count`` evenly, or to multiples of tiles."""
    if most < 1:
        return set()
    most = min(most, count)
    even = -(-count // -(-count // most))
    return {even} | {most // tile * tile for tile in (_TILE // 2, _TILE) if most >= tile}


def _chunked(
    workload: Workload, handling: Handling, points: int, directions: int, resident: tuple[str, ...]
) -> Schedule:
    parameters = workload.parameters
    point_chunks = -(-workload.points // points)
    chunks = point_chunks * -(-max(1, workload.directions) // max(1, directions))
    outside = 0
    if "weights" not in resident:
        # Recomputation meets them once more.
        outside += parameters * chunks * (_PASSES + (handling == "recompute"))
    if "gradients" not in resident:
        outside += 2 * parameters * chunks
    update = _update_words(parameters, resident)
    return Schedule(handling, points, directions, point_chunks, chunks, resident, outside, update)


def _layer_by_layer(workload: Workload, memory_words: int) -> Schedule:
    """Each kept row is written once and read once, or more often where a layer's gradient must be summed in parts."""
    rows = workload.points * (workload.kept_words + workload.directions * workload.kept_words_direction)
    parts = -(-2 * workload.largest_layer // memory_words)
    outside = rows * (1 + parts) + workload.parameters * (_PASSES + 1)
    update = _update_words(workload.parameters, ())
    return Schedule("layer by layer", workload.points, workload.directions, 1, 1, (), outside, update)


def _update_words(parameters: int, resident: tuple[str, ...]) -> int:
    """Moments in and out, weights in and out, gradients in."""
    moments, weights, gradients = (name not in resident for name in ("moments", "weights", "gradients"))
    return parameters * (4 * moments + 2 * weights + gradients)
