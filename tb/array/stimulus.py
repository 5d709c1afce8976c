"""A contraction as the PE array sees it: operand beats, step tokens, and the beats it must answer with."""

from dataclasses import dataclass

import numpy as np
from amaranth.lib import data

from golden.accumulators import Accumulators
from golden.gemm import accumulate
from golden.planes import digit_planes
from golden.smx import SmxMatrix
from pinta_hw.array.control import AccumulatorBlock, Shift
from pinta_hw.array.lanes import ALane, BLane
from pinta_hw.array.token import token_layout
from pinta_hw.spec.accumulator import ACCUMULATOR_BITS, PAIR_EXPONENT_BITS
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.digits import b_planes, steps
from pinta_hw.spec.formats import BLOCK_ELEMENTS, BLOCK_SIDE
from pinta_hw.spec.grouping import drains_by_columns
from pinta_hw.spec.timing import write_cycles

A_LANE_BITS = data.Layout.cast(ALane).size
B_LANE_BITS = data.Layout.cast(BLane).size


@dataclass(frozen=True)
class Block:
    """One expected accumulator block; ``mantissas`` are row-major."""

    mantissas: tuple[int, ...]
    exponent: int
    nan: bool


@dataclass(frozen=True)
class Stimulus:
    """What goes in and must come out, as packed payloads.

    ``results`` holds a beat of ``quantizers`` entries each; None marks a lane outside the matrix.
    """

    a: tuple[int, ...]
    b: tuple[int, ...]
    steps: tuple[int, ...]
    results: tuple[tuple[Block | None, ...], ...]


def interleave(high: int, low: int) -> int:
    """A byte plane of two digit planes (64-bit integers)."""
    byte = 0
    for element in range(BLOCK_ELEMENTS):
        byte |= ((low >> (4 * element)) & 15 | ((high >> (4 * element)) & 15) << 4) << (8 * element)
    return byte


def unpack_beat(config: AcceleratorConfig, packed: int) -> tuple[Block, ...]:
    """The blocks of a result beat."""
    size = AccumulatorBlock().size
    blocks = []
    for lane in range(config.quantizers):
        bits = packed >> (lane * size)
        words = ((bits >> (ACCUMULATOR_BITS * n)) % (1 << ACCUMULATOR_BITS) for n in range(BLOCK_ELEMENTS))
        sign = 1 << (ACCUMULATOR_BITS - 1)
        mantissas = tuple((word ^ sign) - sign for word in words)
        bits >>= ACCUMULATOR_BITS * BLOCK_ELEMENTS
        blocks.append(Block(mantissas, bits % (1 << PAIR_EXPONENT_BITS), bool(bits >> PAIR_EXPONENT_BITS & 1)))
    return tuple(blocks)


def stimulus(config: AcceleratorConfig, grouping_index: int, a: SmxMatrix, b: SmxMatrix, result_bits: int) -> Stimulus:
    """All tiles of ``a b`` in the order of the conductor: row tiles, column tiles, k-blocks, steps."""
    grouping = config.groupings[grouping_index]
    a_digits, b_digits = digit_planes(a), digit_planes(b)
    expected = accumulate(a, b)
    (row_blocks, k_blocks), column_blocks = a.exponents.shape, b.exponents.shape[1]
    a_beats, b_beats, tokens, results = [], [], [], []
    order = steps(a.bits, b.bits)
    layout = token_layout(config)
    for first_row in range(0, row_blocks, grouping.rows):
        rows = range(first_row, min(first_row + grouping.rows, row_blocks))
        for first_column in range(0, column_blocks, grouping.columns):
            columns = range(first_column, min(first_column + grouping.columns, column_blocks))
            for k in range(k_blocks):
                for index, step in enumerate(order):
                    a_beats.append(
                        sum(
                            (int(a_digits[step.a_plane, i, k]) | int(a.exponents[i, k]) << 64) << (lane * A_LANE_BITS)
                            for lane, i in enumerate(rows)
                        )
                    )
                    if step.new_b:
                        high, low = b_planes(b.bits, step.b_byte)
                        b_beats.append(
                            sum(
                                (
                                    interleave(
                                        int(b_digits[high, k, j]), 0 if low is None else int(b_digits[low, k, j])
                                    )
                                    | int(b.exponents[k, j]) << 128
                                )
                                << (lane * B_LANE_BITS)
                                for lane, j in enumerate(columns)
                            )
                        )
                    control = {
                        "valid": 1,
                        "first": step.first,
                        "last": step.last,
                        "shift": Shift.of_bits(step.shift),
                        "a_signed": step.a_signed,
                        "b_signed": step.b_signed,
                        "tile_first": k == 0,
                        "tile_last": k == k_blocks - 1,
                    }
                    tile = {
                        "grouping": grouping_index,
                        "rows": len(rows) - 1,
                        "columns": len(columns) - 1,
                        "slow_write": write_cycles(result_bits) - 1,
                    }
                    b_done = step.last or order[index + 1].new_b
                    token = layout.const({"control": control, "b_done": b_done, "tile": tile})
                    tokens.append(token.as_bits())
            results.extend(_tile_beats(config, grouping_index, expected, rows, columns))
    return Stimulus(tuple(a_beats), tuple(b_beats), tuple(tokens), tuple(results))


def _tile_beats(config, grouping_index: int, expected: Accumulators, rows: range, columns: range):
    along_columns = drains_by_columns(config, config.groupings[grouping_index])
    inner, outer = (rows, columns) if along_columns else (columns, rows)
    for o in outer:
        for start in range(0, len(inner), config.quantizers):
            beat: list[Block | None] = []
            for i in range(start, start + config.quantizers):
                if i >= len(inner):
                    beat.append(None)
                    continue
                row, column = (inner[i], o) if along_columns else (o, inner[i])
                beat.append(expected_block(expected, row, column))
            yield tuple(beat)


def expected_block(expected: Accumulators, row: int, column: int) -> Block:
    """One block of golden accumulators."""
    square = expected.mantissas[
        BLOCK_SIDE * row : BLOCK_SIDE * (row + 1), BLOCK_SIDE * column : BLOCK_SIDE * (column + 1)
    ]
    return Block(
        tuple(int(v) for v in np.ravel(square)),
        int(expected.exponents[row, column]),
        bool(expected.nan[row, column]),
    )
