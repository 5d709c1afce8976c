"""Events of the operations of a program, in closed form.

Words are those that the banks move. Arithmetic is that of whole blocks and of whole rows of `REAL_BANKS` numbers,
as the lanes do it, whether an element lies inside the matrix or not; an elementwise operation counts the products and
sums of its formula. What a matrix product multiplies by zero is told by an `Activity`, without which nothing is zero.
"""

from collections import Counter

from pinta_hw.spec.activity import MOST, Activity
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.formats import BLOCK_ELEMENTS, BLOCK_SIDE, SmxFormat, blocks
from pinta_hw.spec.isa.convert import Decode, Encode
from pinta_hw.spec.isa.elementwise import Elementwise, ElementwiseOperation, Walk, operands_read
from pinta_hw.spec.isa.gemm import Gemm, RealResult
from pinta_hw.spec.isa.instruction import Operation
from pinta_hw.spec.isa.real import ADAM_SCALARS, VECTOR_OPERATION_OF, Update, Vector, VectorOperation
from pinta_hw.spec.isa.real_memory import REAL_BANKS
from pinta_hw.spec.isa.transfer import Direction, Transfer
from pinta_hw.spec.real import RealOperation
from pinta_hw.spec.real_timing import UPDATE_PROGRAMS, update_pace
from pinta_hw.spec.timing import GemmShape

from .events import Counts, Event, gemm_events

_PRODUCTS_AND_SUMS = {
    ElementwiseOperation.MULTIPLY: (1, 0),
    ElementwiseOperation.ADD: (0, 1),
    ElementwiseOperation.MULTIPLY_ADD: (1, 1),
    ElementwiseOperation.DOT2: (2, 1),
    ElementwiseOperation.ADD_ROW: (0, 1),
    ElementwiseOperation.TABLE: (2, 2),
    ElementwiseOperation.SUM_PARTS: (1, 0),
}
"""Of an element; a table's quadratic has two of each, and sums of parts are accumulations."""

_EVENT_OF = {
    RealOperation.ADD: Event.REAL_ADD,
    RealOperation.SUBTRACT: Event.REAL_ADD,
    RealOperation.MULTIPLY: Event.REAL_MULTIPLY,
    RealOperation.DIVIDE: Event.REAL_DIVIDE,
    RealOperation.SQUARE_ROOT: Event.REAL_SQUARE_ROOT,
}
_EVENT_OF_VECTOR = {vector: _EVENT_OF[real] for real, vector in VECTOR_OPERATION_OF.items()} | {
    VectorOperation.SUM: Event.REAL_ADD
}


def operation_events(config: AcceleratorConfig, operation: Operation, activity: Activity = MOST) -> Counts:
    """Events of one operation, its instruction included; ``activity`` is that of a matrix product."""
    counts = _counts(config, operation, activity)
    counts[Event.INSTRUCTION] = 1
    return counts


def _counts(config: AcceleratorConfig, operation: Operation, activity: Activity) -> Counts:
    if isinstance(operation, Gemm):
        return _gemm(config, operation, activity)
    if isinstance(operation, Elementwise):
        return _elementwise(config, operation)
    if isinstance(operation, Encode):
        return _encode(operation)
    if isinstance(operation, Decode):
        count = blocks(operation.rows)
        return Counter(
            {
                Event.SCRATCHPAD_READ: count * SmxFormat(operation.source.bits).planes,
                Event.ROUND: count * BLOCK_SIDE,
                Event.CONVERT: count * BLOCK_SIDE,
                Event.REAL_WRITE: operation.rows,
            }
        )
    if isinstance(operation, Vector):
        return _vector(operation)
    if isinstance(operation, Update):
        return _update(config, operation)
    return _transfer(operation)


def _gemm(config: AcceleratorConfig, gemm: Gemm, activity: Activity) -> Counts:
    shape = GemmShape.of(gemm)
    counts = gemm_events(config, config.groupings[gemm.grouping], shape).counts(activity)
    if isinstance(gemm.result, RealResult):
        words = gemm.result.rows * gemm.result.columns
        if gemm.result.transposed:
            elements = gemm.result.columns * gemm.row_blocks * BLOCK_SIDE
        else:
            elements = gemm.result.rows * gemm.column_blocks * BLOCK_SIDE
        counts += Counter({Event.ROUND: elements, Event.REAL_WRITE: words})
        if gemm.result.accumulate:
            counts += Counter({Event.REAL_ADD: elements, Event.REAL_READ: words})
    return counts


def _elementwise(config: AcceleratorConfig, operation: Elementwise) -> Counts:
    inner = operation.outer_blocks * operation.inner_blocks
    is_sum = operation.operation is ElementwiseOperation.SUM_PARTS
    taken, given = operation.parts * inner, inner if is_sum else operation.parts * inner
    products, sums = _PRODUCTS_AND_SUMS[operation.operation]
    words = _operand_words(config, operation)
    reads = taken * BLOCK_ELEMENTS if operation.operation is ElementwiseOperation.TABLE else 0
    return Counter(
        {
            Event.ELEMENT_MULTIPLY: products * taken * BLOCK_ELEMENTS,
            Event.ELEMENT_ADD: sums * taken * BLOCK_ELEMENTS,
            Event.ACCUMULATE: taken * BLOCK_ELEMENTS if is_sum else 0,
            Event.LIVE_ACCUMULATE: taken * BLOCK_ELEMENTS if is_sum else 0,
            Event.ALIGN: taken * BLOCK_ELEMENTS if is_sum else 0,
            Event.TABLE_READ: reads,
            Event.FETCH: words,
            Event.QUANTIZE: given * BLOCK_ELEMENTS,
            Event.SCRATCHPAD_READ: words,
            Event.SCRATCHPAD_WRITE: given * SmxFormat(operation.result.bits).planes,
        }
    )


def _encode(operation: Encode) -> Counts:
    view = operation.source
    count = blocks(view.rows) * blocks(view.columns)
    return Counter(
        {
            Event.REAL_READ: view.rows * view.columns,
            Event.QUANTIZE: count * BLOCK_ELEMENTS,
            Event.CONVERT: count * BLOCK_ELEMENTS,
            Event.SCRATCHPAD_WRITE: count * SmxFormat(operation.result.bits).planes,
        }
    )


def _vector(operation: Vector) -> Counts:
    rows = -(-operation.length // REAL_BANKS)
    only_a = operation.operation in (VectorOperation.SQUARE_ROOT, VectorOperation.SUM)
    reads = 1 if operation.a_scalar else rows
    if not only_a:
        reads += 1 if operation.b_scalar else rows
    adds = operation.operation is VectorOperation.SUM
    return Counter(
        {
            _EVENT_OF_VECTOR[operation.operation]: operation.length if adds else rows * REAL_BANKS,
            Event.VECTOR: rows * REAL_BANKS,
            Event.REAL_READ: reads * REAL_BANKS,
            Event.REAL_WRITE: 1 if adds else operation.length,
        }
    )


def _update(config: AcceleratorConfig, operation: Update) -> Counts:
    rows = -(-operation.count // REAL_BANKS)
    pace = update_pace(config.update_lanes, operation.optimizer)
    counts: Counts = Counter()
    for step in UPDATE_PROGRAMS[operation.optimizer]:
        counts[_EVENT_OF[step.operation]] += rows * REAL_BANKS
    constants = -(-len(ADAM_SCALARS) // REAL_BANKS)
    counts[Event.REAL_READ] = (constants + rows * len(pace.reads)) * REAL_BANKS
    counts[Event.REAL_WRITE] = operation.count * len(pace.writes)
    return counts


def _transfer(operation: Transfer) -> Counts:
    counts: Counts = Counter({Event.BEAT: operation.beats})
    if operation.direction is Direction.LOAD_TENSOR:
        counts[Event.SCRATCHPAD_WRITE] = operation.beats
    elif operation.direction is Direction.LOAD_REAL:
        counts[Event.REAL_WRITE] = REAL_BANKS * operation.beats
    else:
        counts[Event.REAL_READ] = REAL_BANKS * operation.beats
    return counts


def _operand_words(config: AcceleratorConfig, operation: Elementwise) -> int:
    """Words of the operands; a repeated one is read once a beat."""
    beats = -(-operation.inner_blocks // config.quantizers)
    words = 0
    for name in operands_read(operation.operation, operation.squared):
        walk: Walk = getattr(operation, name)
        neighbours = beats if operation.repeated and name == "b" else operation.inner_blocks
        words += operation.parts * operation.outer_blocks * neighbours * SmxFormat(walk.bits).planes
    return words
