"""Modes and ranks of a tensor train."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .tensor_train import TensorTrain


@dataclass(frozen=True)
class TrainShape:
    """A train of cores for a weight of M x N, M outputs and N inputs.

    Core k has the shape ``(r_(k-1), mode, r_k)``; the modes are the row modes, then the column modes, and
    ``r_0 = r_last = 1``.

    Parameters
    ----------
    row_modes : tuple of int
        Their product is M.
    column_modes : tuple of int
        Their product is N.
    ranks : tuple of int
        Those between the cores, one fewer than cores.
    """

    row_modes: tuple[int, ...]
    column_modes: tuple[int, ...]
    ranks: tuple[int, ...]

    def __post_init__(self) -> None:
        assert len(self.ranks) == len(self.row_modes) + len(self.column_modes) - 1

    @property
    def rows(self) -> int:
        return math.prod(self.row_modes)

    @property
    def columns(self) -> int:
        return math.prod(self.column_modes)

    @property
    def cores(self) -> tuple[tuple[int, int, int], ...]:
        """Shapes of the cores."""
        modes, ranks = self.row_modes + self.column_modes, (1, *self.ranks, 1)
        return tuple(zip(ranks[:-1], modes, ranks[1:], strict=True))

    @property
    def parameters(self) -> int:
        """Elements of all cores."""
        return sum(math.prod(core) for core in self.cores)


def largest_ranks(row_modes: Sequence[int], column_modes: Sequence[int], rank: int) -> tuple[int, ...]:
    """``rank`` between all cores, but nowhere more than the modes on either side can use."""
    modes = [*row_modes, *column_modes]
    return tuple(min(rank, math.prod(modes[:k]), math.prod(modes[k:])) for k in range(1, len(modes)))


def balanced_modes(width: int, count: int) -> tuple[int, ...]:
    """``count`` ascending factors of ``width``, as equal as its prime factors allow."""
    modes = [1] * count
    for prime in sorted(_prime_factors(width), reverse=True):
        modes[modes.index(min(modes))] *= prime
    return tuple(sorted(modes))


def train_shape(outputs: int, inputs: int, settings: TensorTrain, index: int) -> TrainShape:
    """Modes and ranks of hidden layer ``index``; where none are given, large modes lie at the ends of the train."""
    own, rank = settings.layer(index), settings.rank_of(index)
    rows = own.row_modes or balanced_modes(outputs, settings.modes)[::-1]
    columns = own.column_modes or balanced_modes(inputs, settings.modes)
    return TrainShape(rows, columns, rank if isinstance(rank, tuple) else largest_ranks(rows, columns, rank))


def _prime_factors(number: int) -> list[int]:
    found, divisor = [], 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            found.append(divisor)
            number //= divisor
        divisor += 1
    return [*found, number] if number > 1 else found
