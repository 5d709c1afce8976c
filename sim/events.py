"""What happens during a GEMM, counted: the bridge between cycles and energy."""

from dataclasses import dataclass

from pinta_hw.spec.config import AcceleratorConfig, Grouping
from pinta_hw.spec.digits import b_planes, steps
from pinta_hw.spec.formats import BLOCK_ELEMENTS, BLOCK_SIDE, SmxFormat
from pinta_hw.spec.timing import GemmShape


@dataclass(frozen=True)
class Events:
    """Event counts. All block units of the array work in every step, needed or not.

    ``digit_multiplies`` are 4 x 8 bit products, ``digit_adds`` the additions that bring them into the partial
    sums, ``accumulates`` and ``quantizations`` count elements, reads and writes count scratchpad words.
    """

    digit_multiplies: int
    digit_adds: int
    accumulates: int
    quantizations: int
    a_reads: int
    b_reads: int
    writes: int


def gemm_events(config: AcceleratorConfig, grouping: Grouping, shape: GemmShape) -> Events:
    """Events of one GEMM, in closed form."""
    row_tiles = -(-shape.row_blocks // grouping.rows)
    column_tiles = -(-shape.column_blocks // grouping.columns)
    block_steps = steps(shape.a_bits, shape.b_bits)
    unit_k_blocks = row_tiles * column_tiles * shape.k_blocks * config.units
    multiplies = unit_k_blocks * len(block_steps) * BLOCK_ELEMENTS * BLOCK_SIDE
    byte_words = sum(1 if b_planes(shape.b_bits, step.b_byte)[1] is None else 2 for step in block_steps if step.new_b)
    results = shape.row_blocks * shape.column_blocks
    return Events(
        digit_multiplies=multiplies,
        digit_adds=multiplies,
        accumulates=unit_k_blocks * BLOCK_ELEMENTS,
        quantizations=results * BLOCK_ELEMENTS,
        a_reads=shape.row_blocks * column_tiles * shape.k_blocks * len(block_steps),
        b_reads=shape.column_blocks * row_tiles * shape.k_blocks * byte_words,
        writes=results * SmxFormat(shape.result_bits).planes,
    )
