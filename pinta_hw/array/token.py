"""What accompanies a step through the array."""

from amaranth.lib import data
from amaranth.utils import ceil_log2

from pinta_hw.spec.config import AcceleratorConfig

from .control import StepControl


def tile_layout(config: AcceleratorConfig) -> data.StructLayout:
    """An output tile.

    Members
    -------
    grouping : index of the arrangement of the block units
    rows, columns : last block row and column of the tile that belong to the result
    slow_write : whether a beat of results takes two cycles to write, although it leaves in one
    """
    return data.StructLayout(
        {
            "grouping": max(1, ceil_log2(len(config.groupings))),
            "rows": ceil_log2(config.a_lanes),
            "columns": ceil_log2(config.b_lanes),
            "slow_write": 1,
        }
    )


def token_layout(config: AcceleratorConfig) -> data.StructLayout:
    """A step and its tile; `b_done` says that the byte plane of B is not needed after this step."""
    return data.StructLayout({"control": StepControl(), "b_done": 1, "tile": tile_layout(config)})
