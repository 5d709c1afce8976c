"""What happens in the machine, counted: the bridge between cycles and energy."""

from collections import Counter
from dataclasses import dataclass
from enum import Enum

from pinta_hw.spec.activity import MOST, Activity
from pinta_hw.spec.config import AcceleratorConfig, Grouping
from pinta_hw.spec.digits import b_planes, steps
from pinta_hw.spec.formats import BLOCK_ELEMENTS, BLOCK_SIDE, SmxFormat
from pinta_hw.spec.timing import GemmShape


class Event(Enum):
    """What costs energy."""

    # Each event is one object; the hash of `Enum`, a Python function, is a tenth of an estimate.
    __hash__ = object.__hash__

    DIGIT_MULTIPLY = "digit multiplies"
    """4 x 8 bits, in the array."""
    LIVE_MULTIPLY = "digit multiplies without a zero"
    """Those of them in which neither the digit nor the byte is zero."""
    DIGIT_ADD = "digit adds"
    """Of a product into a partial sum."""
    ACCUMULATE = "accumulations"
    """Of an element."""
    LIVE_ACCUMULATE = "accumulations without a zero block"
    """Those of them in which neither block has only zeros."""
    ALIGN = "alignments"
    """Of an element and what it is accumulated to."""
    QUANTIZE = "quantizations"
    """Of an element to SMX."""
    ROUND = "roundings"
    """Of an element to FP32, exact or not."""
    ELEMENT_MULTIPLY = "element multiplies"
    """16 x 16 bits, in the elementwise unit."""
    ELEMENT_ADD = "element adds"
    """Of aligned terms there."""
    TABLE_READ = "table reads"
    """Of the coefficients for one element there."""
    FETCH = "operand words"
    """Brought from the banks to the lanes of the array or of the elementwise unit."""
    CONVERT = "conversions"
    """Of an element between SMX and FP32, beside its quantization or rounding."""
    VECTOR = "vector elements"
    """Through the residual unit, beside its operations."""
    REAL_ADD = "FP32 adds"
    REAL_MULTIPLY = "FP32 multiplies"
    REAL_DIVIDE = "FP32 divides"
    REAL_SQUARE_ROOT = "FP32 square roots"
    SCRATCHPAD_READ = "scratchpad words read"
    SCRATCHPAD_WRITE = "scratchpad words written"
    REAL_READ = "real words read"
    REAL_WRITE = "real words written"
    BEAT = "beats outside"
    """Of `BEAT_BYTES` at the AXI port."""
    INSTRUCTION = "instructions"
    """Read and issued."""


Counts = Counter[Event]

UPPER_BOUND = "no digit that is multiplied is zero: an upper bound"
ZEROS_COUNTED = "zeros among the digits that are multiplied are counted in the operands of the first step"
"""What the energy of matrix products rests on, as a report says it."""


@dataclass(frozen=True)
class Events:
    """Event counts. All block units of the array work in every step, needed or not.

    ``digit_multiplies`` are 4 x 8 bit products, ``digit_adds`` the additions that bring them into the partial
    sums, ``accumulates`` and ``quantizations`` count elements, reads and writes count scratchpad words. A result in
    real memory has no quantizations and no writes here.
    """

    digit_multiplies: int
    digit_adds: int
    accumulates: int
    quantizations: int
    a_reads: int
    b_reads: int
    writes: int

    def counts(self, activity: Activity = MOST) -> Counts:
        """By the kind of event. Block units whose work nobody needs see operands like the others."""
        return Counter(
            {
                Event.DIGIT_MULTIPLY: self.digit_multiplies,
                Event.LIVE_MULTIPLY: round(self.digit_multiplies * activity.digits),
                Event.DIGIT_ADD: self.digit_adds,
                Event.ACCUMULATE: self.accumulates,
                Event.LIVE_ACCUMULATE: round(self.accumulates * activity.blocks),
                Event.ALIGN: self.accumulates,
                Event.QUANTIZE: self.quantizations,
                Event.FETCH: self.a_reads + self.b_reads,
                Event.SCRATCHPAD_READ: self.a_reads + self.b_reads,
                Event.SCRATCHPAD_WRITE: self.writes,
            }
        )


def gemm_events(config: AcceleratorConfig, grouping: Grouping, shape: GemmShape) -> Events:
    """Events of one GEMM, in closed form."""
    row_tiles = -(-shape.row_blocks // grouping.rows)
    column_tiles = -(-shape.column_blocks // grouping.columns)
    block_steps = steps(shape.a_bits, shape.b_bits)
    unit_k_blocks = row_tiles * column_tiles * shape.k_blocks * config.units
    multiplies = unit_k_blocks * len(block_steps) * BLOCK_ELEMENTS * BLOCK_SIDE
    byte_words = sum(1 if b_planes(shape.b_bits, step.b_byte)[1] is None else 2 for step in block_steps if step.new_b)
    results = 0 if shape.real_rows else shape.row_blocks * shape.column_blocks
    return Events(
        digit_multiplies=multiplies,
        digit_adds=multiplies,
        accumulates=unit_k_blocks * BLOCK_ELEMENTS,
        quantizations=results * BLOCK_ELEMENTS,
        a_reads=shape.row_blocks * column_tiles * shape.k_blocks * len(block_steps),
        b_reads=shape.column_blocks * row_tiles * shape.k_blocks * byte_words,
        writes=results * SmxFormat(shape.result_bits).planes if results else 0,
    )
