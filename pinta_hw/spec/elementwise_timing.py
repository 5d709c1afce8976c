"""Cycles of elementwise instructions, in closed form: the gateware follows these formulas and the models read them."""

from dataclasses import dataclass

from .config import AcceleratorConfig
from .formats import SmxFormat
from .isa.elementwise import Elementwise, ElementwiseOperation, Walk, reads_together
from .timing import write_cycles


def read_cycles(bits: int) -> int:
    """Cycles to read a beat of SMX-``bits`` blocks: two digit planes a cycle."""
    return -(-SmxFormat(bits).planes // 2)


def groups_of_beat(config: AcceleratorConfig, operation: ElementwiseOperation) -> int:
    """Cycles in which a beat enters the lanes."""
    is_table = operation is ElementwiseOperation.TABLE
    return config.quantizers // (config.table_lanes if is_table else config.elementwise_lanes)


@dataclass(frozen=True)
class ElementwisePipeline:
    """Latencies of the gateware, in cycles."""

    fetch: int = 5
    """From start to the beat of the first read in the operand registers."""
    products: int = 7
    """From operand registers to a quantized block."""
    sums: int = 6
    tables: int = 13
    writer: int = 2
    """From a quantized beat to its write."""

    def lanes(self, operation: ElementwiseOperation) -> int:
        """From operand registers to a quantized block."""
        if operation is ElementwiseOperation.TABLE:
            return self.tables
        return self.sums if operation is ElementwiseOperation.SUM_PARTS else self.products


ELEMENTWISE_PIPELINE = ElementwisePipeline()


def elementwise_cycles(config: AcceleratorConfig, instruction: Elementwise) -> int:
    """Cycles from an instruction's start to the write of its last result, both included.

    Beats follow one another as fast as they are read or as they enter the lanes. Writing one takes at most two
    cycles, which entering the lanes takes, too.
    """
    operation = instruction.operation
    read = sum(
        max(read_cycles(_operand(instruction, name).bits) for name in names) for names in reads_together(instruction)
    )
    compute = groups_of_beat(config, operation)
    write = write_cycles(instruction.result.bits)
    beats = instruction.parts * instruction.outer_blocks * -(-instruction.inner_blocks // config.quantizers)
    pipeline = ELEMENTWISE_PIPELINE
    first = pipeline.fetch + read + compute + pipeline.lanes(operation) - 1 + pipeline.writer + write - 1
    return first + (beats - 1) * max(read, compute)


def _operand(instruction: Elementwise, name: str) -> Walk:
    walk: Walk | None = getattr(instruction, name)
    assert walk is not None, (instruction.operation, name)
    return walk
