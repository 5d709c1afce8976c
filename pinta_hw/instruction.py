"""The program word as gateware sees it."""

from amaranth.lib import data

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.gemm import gemm_fields
from pinta_hw.spec.isa.instruction import Unit, operation_fields


def gemm_layout(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of a GEMM word; names, widths and order are those of `spec.isa.gemm.gemm_fields`."""
    return data.StructLayout(dict(gemm_fields(config)))


def operation_layout(config: AcceleratorConfig, unit: Unit) -> data.StructLayout:
    """Layout of what a unit is given; names, widths and order are those of `spec.isa.instruction.operation_fields`."""
    return data.StructLayout(dict(operation_fields(config, unit)))
