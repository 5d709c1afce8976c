"""What a step, or the prologue, loads from the memory outside."""

from collections import Counter
from typing import NamedTuple

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.formats import BLOCK_SIDE, SmxFormat, blocks
from pinta_hw.spec.isa.real_memory import REAL_BANKS
from pinta_hw.spec.isa.transfer import Direction
from pinta_hw.spec.layout import place
from pinta_hw.spec.residency import RESIDENT_SHARE

from .work import Beats, Work


class Table(NamedTuple):
    """Numbers from outside: a matrix of SMX, or words of FP32.

    Parameters
    ----------
    row_blocks : int
        Block rows; 0 for words of FP32.
    columns : int
        Elements, or words.
    bits : int
        Precision.
    varies : bool
        From step to step.
    holds : tuple of int
        Tells constants of one size from each other.
    """

    row_blocks: int
    columns: int
    bits: int
    varies: bool
    holds: tuple[int, ...] = ()

    @staticmethod
    def of_numbers(words: int) -> "Table":
        """Words of FP32 that change from step to step."""
        return Table(0, words, 0, True)

    def beats(self, config: AcceleratorConfig) -> Beats:
        """Its transfer."""
        if not self.row_blocks:
            return Beats(Direction.LOAD_REAL, -(-self.columns // REAL_BANKS))
        return Beats(Direction.LOAD_TENSOR, self.words(config))

    def words(self, config: AcceleratorConfig) -> int:
        """Scratchpad words, those between its planes included."""
        return place(config, 0, BLOCK_SIDE * self.row_blocks, self.columns, self.bits).words

    @property
    def size(self) -> int:
        """About its words."""
        return self.row_blocks * blocks(self.columns) * SmxFormat(self.bits).planes


def loads(config: AcceleratorConfig, tables: Counter[Table]) -> dict[Work, int]:
    """Transfers of every step: what varies, and constants beyond the share that stays resident."""
    kept, found = _resident(config, tables), Counter[Work]()
    for table, count in tables.items():
        if table not in kept:
            found[table.beats(config)] += count
    return found


def _resident(config: AcceleratorConfig, tables: Counter[Table]) -> set[Table]:
    """Those first that are wanted most often for their size."""
    room, kept = config.scratchpad_words // RESIDENT_SHARE, set()
    for table in sorted(
        (table for table in tables if not table.varies), key=lambda table: (-tables[table], table.size)
    ):
        if table.size <= room:
            room -= table.size
            kept.add(table)
    return kept
