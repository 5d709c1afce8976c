"""Sums over rows: the contractions of weights' gradients, over as many passes of a micro-batch as they may take.

A pass through a layer gives pairs of operands whose rows are contracted. Neighbouring passes are stacked into one
contraction as long as their precisions agree and it is not longer than `MAX_CONTRACTION`; its result is added to what
came before. One contraction rounds once, and the accelerator writes its result once.
"""

from typing import Generic, TypeVar

from pinta_hw.spec.accumulator import MAX_CONTRACTION
from pinta_hw.spec.formats import BLOCK_SIDE, blocks

from .arithmetic import Arithmetic
from .layers import Pairs, Parameters

T = TypeVar("T")


def contracted(arithmetic: Arithmetic[T], pairs: Pairs[T]) -> Parameters:
    """The sums of one pass."""
    sums: Parameters = {}
    rows = RowSums(arithmetic, sums)
    rows.add(pairs)
    rows.contract()
    return sums


class RowSums(Generic[T]):
    """Operands that wait for their contraction.

    Parameters
    ----------
    arithmetic : Arithmetic
        What they are contracted in.
    sums : dict of arrays
        Where results are added, by name.
    """

    def __init__(self, arithmetic: Arithmetic[T], sums: Parameters) -> None:
        self._arithmetic, self._sums = arithmetic, sums
        self._waiting: dict[str, list[tuple[T, T]]] = {}

    def add(self, pairs: Pairs[T]) -> None:
        """Operands of one pass through a layer, by the name of their sum."""
        for name, pair in pairs.items():
            self._waiting.setdefault(name, []).append(pair)

    def contract(self, layer: str = "") -> None:
        """Contract what waits for a layer, or for all."""
        for name in [name for name in self._waiting if not layer or name.rpartition(".")[0] == layer]:
            run: list[tuple[T, T]] = []
            for pair in self._waiting.pop(name):
                if run and not self._fits(run, pair):
                    self._contract(name, run)
                    run = []
                run.append(pair)
            self._contract(name, run)

    def _fits(self, run: list[tuple[T, T]], pair: tuple[T, T]) -> bool:
        rows = sum(self._rows(a) for a, _ in [*run, pair])
        alike = all(self._arithmetic.alike(x, y) for x, y in zip(run[-1], pair, strict=True))
        return alike and rows <= MAX_CONTRACTION

    def _rows(self, tensor: T) -> int:
        return BLOCK_SIDE * blocks(self._arithmetic.shape(tensor)[0])

    def _contract(self, name: str, run: list[tuple[T, T]]) -> None:
        arithmetic = self._arithmetic
        a, b = run[0] if len(run) == 1 else (arithmetic.stack([pair[side] for pair in run]) for side in range(2))
        rows = arithmetic.shape(a)[0]
        pieces = [min(MAX_CONTRACTION, rows - start) for start in range(0, rows, MAX_CONTRACTION)]
        if len(pieces) == 1:
            parts = [(a, b)]
        else:
            parts = list(zip(arithmetic.split(a, pieces), arithmetic.split(b, pieces), strict=True))
        for x, y in parts:
            value = arithmetic.contract(f"{name}_gradient", x, y, a_transposed=True)
            self._sums[name] = arithmetic.add_reals(self._sums[name], value) if name in self._sums else value
