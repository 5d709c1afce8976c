"""Which output block of a tile a block unit computes, and in which order a tile's blocks leave.

Results leave in *beats* of ``quantizers`` neighbouring blocks, so that one beat is a conflict-free walk of the
result's layout: along a column where the grouping has rows enough, else along a row. Units are numbered in that
order, which makes every beat an aligned run of units.
"""

from .config import AcceleratorConfig, Grouping


def drains_by_columns(config: AcceleratorConfig, grouping: Grouping) -> bool:
    """Whether the beats of a tile run along its columns."""
    return grouping.rows >= config.quantizers


def coordinates(config: AcceleratorConfig, grouping: Grouping, unit: int) -> tuple[int, int]:
    """Block row and block column, inside the tile, of a unit."""
    if drains_by_columns(config, grouping):
        return unit % grouping.rows, unit // grouping.rows
    return unit // grouping.columns, unit % grouping.columns


def beats(config: AcceleratorConfig, grouping: Grouping, rows: int, columns: int) -> int:
    """Beats of a tile of which ``rows`` x ``columns`` blocks belong to the result."""
    inner, outer = (rows, columns) if drains_by_columns(config, grouping) else (columns, rows)
    return outer * -(-inner // config.quantizers)
