"""Cycles of any operation, from its unit's start to its done, both included."""

from dataclasses import replace

from .config import AcceleratorConfig
from .convert_timing import convert_cycles
from .elementwise_timing import elementwise_cycles
from .isa.convert import Decode, Encode
from .isa.elementwise import Elementwise
from .isa.gemm import Gemm, RealResult
from .isa.instruction import Operation
from .isa.real import Update, Vector
from .real_timing import update_cycles, vector_cycles
from .timing import GemmShape, best_grouping, gemm_cycles
from .transfer_timing import transfer_cycles

MEMORY_LATENCY_CYCLES = 40
"""Of the AXI memory, where nothing else is said."""


def operation_cycles(
    config: AcceleratorConfig, operation: Operation, memory_latency: int = MEMORY_LATENCY_CYCLES, step: int = 0
) -> int:
    """Duration of an operation that nothing disturbs.

    Parameters
    ----------
    config : AcceleratorConfig
        The accelerator.
    operation : Operation
        The operation.
    memory_latency : int
        Cycles of the AXI memory.
    step : int
        Step of the program, on which the address of a transfer depends.
    """
    if isinstance(operation, Gemm):
        return gemm_cycles(config, config.groupings[operation.grouping], GemmShape.of(operation))
    if isinstance(operation, Elementwise):
        return elementwise_cycles(config, operation)
    if isinstance(operation, Encode | Decode):
        return convert_cycles(config, operation)
    if isinstance(operation, Vector):
        return vector_cycles(config, operation)
    if isinstance(operation, Update):
        return update_cycles(config, operation)
    address = operation.memory + step * operation.step_stride
    return transfer_cycles(operation.direction, address, operation.beats, memory_latency)


def best_gemm(config: AcceleratorConfig, gemm: Gemm) -> Gemm:
    """The same product in the grouping that finishes it first, and in real memory with the operands in either order."""
    ways = [replace(gemm, grouping=best_grouping(config, GemmShape.of(gemm)))]
    if isinstance(gemm.result, RealResult):
        turned = _turned(gemm, gemm.result)
        ways.append(replace(turned, grouping=best_grouping(config, GemmShape.of(turned))))
    return min(ways, key=lambda way: operation_cycles(config, way))


def _turned(gemm: Gemm, result: RealResult) -> Gemm:
    """The transposed product of the transposed operands, which is written transposed."""
    return Gemm(
        gemm.b.transposed(),
        gemm.a.transposed(),
        replace(result, rows=result.columns, columns=result.rows, transposed=not result.transposed),
        gemm.grouping,
        not gemm.b_transposed,
        not gemm.a_transposed,
    )
