"""Cycles of the converter, in closed form, as `timing` has them for products."""

from .config import AcceleratorConfig
from .formats import BLOCK_SIDE, SmxFormat, blocks
from .isa.convert import Decode, Encode
from .isa.real_memory import RealView
from .timing import write_cycles

ENCODE_CYCLES = 12
"""Of an encoding, beside those of its reads and of the last block's planes."""
DECODE_CYCLES = 7
"""Of a decoding, beside those of its reads."""


def whole_rows(view: RealView) -> bool:
    """Whether the words of every block row of a matrix lie side by side, so that one access reads them."""
    return view.inner_columns % BLOCK_SIDE == 0 or view.inner_columns >= view.columns


def convert_cycles(config: AcceleratorConfig, instruction: Encode | Decode) -> int:
    """Cycles from a conversion's start to its last write, both included.

    Encoding reads four rows of every block, inside the matrix or not, each in one access or (`whole_rows`) in four,
    and writes a digit plane a cycle behind them. Decoding reads two digit planes a cycle and writes at the same pace.
    """
    if isinstance(instruction, Encode):
        view = instruction.source
        count = blocks(view.rows) * blocks(view.columns)
        accesses = BLOCK_SIDE if whole_rows(view) else BLOCK_SIDE * BLOCK_SIDE
        return count * accesses + ENCODE_CYCLES + SmxFormat(instruction.result.bits).planes
    return blocks(instruction.rows) * write_cycles(instruction.source.bits) + DECODE_CYCLES
