"""Cycles, in closed form: the gateware follows these formulas and the models read them.

All counts assume that nothing outside stalls the machine. They hold exactly; the tests compare them with
the RTL.
"""

from dataclasses import dataclass
from functools import cache

from .config import AcceleratorConfig, Grouping
from .digits import segments, steps
from .formats import BLOCK_SIDE, SmxFormat
from .grouping import beats
from .isa.gemm import Gemm, RealResult


def a_cycles(config: AcceleratorConfig, grouping: Grouping) -> int:
    """Cycles to read one digit plane of every A lane: one word a lane, ``banks`` words a cycle."""
    return -(-grouping.rows // config.banks)


def b_cycles(config: AcceleratorConfig, grouping: Grouping) -> int:
    """Cycles to read one byte plane of every B lane: two words a lane, ``banks`` words a cycle."""
    return -(-2 * grouping.columns // config.banks)


@cache
def write_cycles(bits: int) -> int:
    """Cycles that a beat of SMX-``bits`` results takes to write: two digit planes a cycle."""
    return -(-SmxFormat(bits).planes // 2)


def k_block_cycles(config: AcceleratorConfig, grouping: Grouping, a_bits: int, b_bits: int) -> int:
    """Cycles of one k-block of a tile: each segment takes as long as its steps or as its byte load."""
    a, b = a_cycles(config, grouping), b_cycles(config, grouping)
    return sum(max(length * a, b) for length in segments(a_bits, b_bits))


@dataclass(frozen=True)
class GemmShape:
    """What the duration of a GEMM depends on: block counts, precisions, and where the result goes."""

    row_blocks: int
    column_blocks: int
    k_blocks: int
    a_bits: int
    b_bits: int
    result_bits: int
    """Of a result in the scratchpad; without meaning for one in real memory."""
    real_rows: int = 0
    """Rows (elements) of a result in real memory; 0 for one in the scratchpad."""
    accumulate: bool = False
    """Whether a result in real memory is added to what lies there."""
    apart: bool = False
    """Whether what a result is added to lies in another group than the result."""
    real_columns: int = 0
    """Columns (elements) of a result that is written to real memory transposed; 0 for any other."""

    @staticmethod
    def of(gemm: Gemm) -> "GemmShape":
        """The shape of an instruction."""
        counts = gemm.row_blocks, gemm.column_blocks, gemm.k_blocks
        if isinstance(gemm.result, RealResult):
            result = gemm.result
            columns = result.columns if result.transposed else 0
            apart = result.accumulate and result.addend is not None
            return GemmShape(
                *counts, gemm.a.bits, gemm.b.bits, 0, result.rows, result.accumulate, apart=apart, real_columns=columns
            )
        return GemmShape(*counts, gemm.a.bits, gemm.b.bits, gemm.result.bits)


@dataclass(frozen=True)
class Pipeline:
    """Latencies of the gateware between a GEMM's start and its end, in cycles."""

    fetch: int = 5
    """From start to the first step at the array's port, where an operand loads in one cycle."""
    array: int = 3
    """From a contraction's last step to its completion in the accumulators."""
    capture: int = 1
    """From completion to the first beat at the quantizers, or at the real writer."""
    quantizer: int = 3
    writer: int = 2
    """From a quantized beat to its write."""
    real_writer: int = 5
    """From a row's cycle in the real writer to its write."""
    real_writer_accumulate: int = 8
    """From the second cycle of a row that is added to what lies there to its write, where it need not wait."""
    real_writer_apart: int = 9
    """From the cycle of a row that is added to what lies in another group to its write."""


PIPELINE = Pipeline()


def gemm_cycles(config: AcceleratorConfig, grouping: Grouping, shape: GemmShape) -> int:
    """Cycles from a GEMM's start to the write of its last result, both included.

    A tile is multiplied while the one before drains, so it lasts as long as the slower of the two. A tile drains in the
    cycles that its beats take to write, or to real memory in one cycle for each row of its blocks inside the result
    (each column, where it is transposed), two with accumulation in one group. The accesses of such a GEMM have their
    turn every other cycle, so that its cycles are an odd number.
    """
    a, b = a_cycles(config, grouping), b_cycles(config, grouping)
    multiply = shape.k_blocks * k_block_cycles(config, grouping, shape.a_bits, shape.b_bits)
    full_rows, last_rows = _tiles(shape.row_blocks, grouping.rows)
    full_columns, last_columns = _tiles(shape.column_blocks, grouping.columns)

    def drain_cycles(tile_rows: int, tile_columns: int, lowest: bool, rightmost: bool) -> int:
        """Of a tile of that many blocks, which holds the last rows, or the last columns, or not."""
        if not shape.real_rows:
            return write * beats(config, grouping, tile_rows, tile_columns)
        if shape.real_columns:
            missing = BLOCK_SIDE * shape.column_blocks - shape.real_columns if rightmost else 0
            lines = (BLOCK_SIDE * tile_columns - missing) * tile_rows
        else:
            missing = BLOCK_SIDE * shape.row_blocks - shape.real_rows if lowest else 0
            lines = (BLOCK_SIDE * tile_rows - missing) * tile_columns
        return lines * (2 if shape.accumulate and not shape.apart else 1)

    write = 0 if shape.real_rows else write_cycles(shape.result_bits)
    drains = 0
    for row_tiles, tile_rows, lowest in ((full_rows, grouping.rows, False), (1, last_rows, True)):
        for column_tiles, tile_columns, rightmost in ((full_columns, grouping.columns, False), (1, last_columns, True)):
            if not (row_tiles and column_tiles):
                continue
            drain = drain_cycles(tile_rows, tile_columns, lowest, rightmost)
            drains += row_tiles * column_tiles * max(multiply, drain)
            last_drain = drain
    # The first tile has nothing to hide behind, and behind the last one nothing is multiplied.
    last_segment = segments(shape.a_bits, shape.b_bits)[-1] * a
    idle = max(last_segment, b) - last_segment
    fill = PIPELINE.fetch + (b - 1) + multiply - idle - 1 + PIPELINE.array
    drained = fill + drains - max(multiply, last_drain) + last_drain + PIPELINE.capture
    if not shape.real_rows:
        return drained + PIPELINE.quantizer + PIPELINE.writer
    if not shape.accumulate:
        return drained + PIPELINE.real_writer
    if shape.apart:
        return drained + PIPELINE.real_writer_apart
    return (drained + PIPELINE.real_writer_accumulate) // 2 * 2 + 1


def _tiles(blocks: int, side: int) -> tuple[int, int]:
    """Whole tiles before the last one, and the blocks of that."""
    before = (blocks - 1) // side
    return before, blocks - before * side


def best_grouping(config: AcceleratorConfig, shape: GemmShape) -> int:
    """Index of the grouping that finishes a GEMM first (the earliest of equals)."""
    return first_grouping(config, shape)[0]


def first_grouping(config: AcceleratorConfig, shape: GemmShape) -> tuple[int, int]:
    """The same, and the cycles that it takes."""
    cycles = [gemm_cycles(config, grouping, shape) for grouping in config.groupings]
    least = min(cycles)
    return cycles.index(least), least


def useful_unit_cycles(shape: GemmShape) -> int:
    """Steps of single block units that a product needs: what an array without idle units would share among them."""
    return shape.row_blocks * shape.column_blocks * shape.k_blocks * len(steps(shape.a_bits, shape.b_bits))
