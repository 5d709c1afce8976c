"""What a step, or the prologue, loads from the memory outside."""

from collections import Counter
from typing import NamedTuple

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.formats import BLOCK_SIDE, SmxFormat, blocks
from pinta_hw.spec.isa.real_memory import REAL_BANKS
from pinta_hw.spec.isa.transfer import Direction
from pinta_hw.spec.layout import place

from .work import Beats, Work

RESIDENT_SHARE = 8
"""Constants may fill the scratchpad divided by this, as in `golden.lowering.memory`."""


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
    """

    row_blocks: int
    columns: int
    bits: int
    varies: bool

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
    found: Counter[Work] = Counter()
    room = config.scratchpad_words // RESIDENT_SHARE
    constants = sorted((table for table in tables if not table.varies), key=lambda table: table.size)
    for table in constants:
        stays = max(0, min(tables[table], room // table.size))
        room -= tables[table] * table.size
        if tables[table] > stays:
            found[table.beats(config)] += tables[table] - stays
    for table, count in tables.items():
        if table.varies:
            found[table.beats(config)] += count
    return found


def resident_words(config: AcceleratorConfig, tables: Counter[Table]) -> int:
    """Words of the constants that stay, about."""
    every = sum(count * table.size for table, count in tables.items() if not table.varies)
    return min(every, config.scratchpad_words // RESIDENT_SHARE)
