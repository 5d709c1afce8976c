"""Cycles, in closed form: the gateware follows these formulas and the models read them.

All counts assume that nothing outside stalls the machine. They hold exactly; the tests compare them with
the RTL.
"""

from dataclasses import dataclass

from .config import AcceleratorConfig, Grouping
from .digits import segments
from .formats import SmxFormat
from .grouping import beats


def a_cycles(config: AcceleratorConfig, grouping: Grouping) -> int:
    """Cycles to read one digit plane of every A lane: one word a lane, ``banks`` words a cycle."""
    return -(-grouping.rows // config.banks)


def b_cycles(config: AcceleratorConfig, grouping: Grouping) -> int:
    """Cycles to read one byte plane of every B lane: two words a lane, ``banks`` words a cycle."""
    return -(-2 * grouping.columns // config.banks)


def write_cycles(bits: int) -> int:
    """Cycles that a beat of SMX-``bits`` results takes to write: two digit planes a cycle."""
    return -(-SmxFormat(bits).planes // 2)


def k_block_cycles(config: AcceleratorConfig, grouping: Grouping, a_bits: int, b_bits: int) -> int:
    """Cycles of one k-block of a tile: each segment takes as long as its steps or as its byte load."""
    a, b = a_cycles(config, grouping), b_cycles(config, grouping)
    return sum(max(length * a, b) for length in segments(a_bits, b_bits))


@dataclass(frozen=True)
class GemmShape:
    """What the duration of a GEMM depends on: block counts and precisions."""

    row_blocks: int
    column_blocks: int
    k_blocks: int
    a_bits: int
    b_bits: int
    result_bits: int


@dataclass(frozen=True)
class Pipeline:
    """Latencies of the gateware between a GEMM's start and its end, in cycles."""

    fetch: int = 5
    """From start to the first step at the array's port, where an operand loads in one cycle."""
    array: int = 3
    """From a contraction's last step to its completion in the accumulators."""
    capture: int = 1
    """From completion to the first beat at the quantizers."""
    quantizer: int = 3
    writer: int = 2
    """From a quantized beat to its write."""


PIPELINE = Pipeline()


def gemm_cycles(config: AcceleratorConfig, grouping: Grouping, shape: GemmShape) -> int:
    """Cycles from a GEMM's start to the write of its last result, both included.

    A tile is multiplied while the one before drains, so it lasts as long as the slower of the two.
    """
    a, b = a_cycles(config, grouping), b_cycles(config, grouping)
    multiply = shape.k_blocks * k_block_cycles(config, grouping, shape.a_bits, shape.b_bits)
    write = write_cycles(shape.result_bits)
    full_rows, rest_rows = divmod(shape.row_blocks, grouping.rows)
    full_columns, rest_columns = divmod(shape.column_blocks, grouping.columns)
    rows = [(full_rows, grouping.rows), (1, rest_rows)] if rest_rows else [(full_rows, grouping.rows)]
    columns = (
        [(full_columns, grouping.columns), (1, rest_columns)] if rest_columns else [(full_columns, grouping.columns)]
    )

    drains = 0
    for row_tiles, tile_rows in rows:
        for column_tiles, tile_columns in columns:
            drain = write * beats(config, grouping, tile_rows, tile_columns)
            drains += row_tiles * column_tiles * max(multiply, drain)
            last_drain = drain
    # The first tile has nothing to hide behind, and behind the last one nothing is multiplied.
    last_segment = segments(shape.a_bits, shape.b_bits)[-1] * a
    idle = max(last_segment, b) - last_segment
    fill = PIPELINE.fetch + (b - 1) + multiply - idle - 1 + PIPELINE.array
    flush = PIPELINE.capture + PIPELINE.quantizer + PIPELINE.writer
    return fill + drains - max(multiply, last_drain) + last_drain + flush


def best_grouping(config: AcceleratorConfig, shape: GemmShape) -> int:
    """Index of the grouping that finishes a GEMM first (the earliest of equals)."""
    cycles = [gemm_cycles(config, grouping, shape) for grouping in config.groupings]
    return cycles.index(min(cycles))
