"""Area of an accelerator, by part: what was synthesized, times how often a configuration has it."""

from collections.abc import Mapping
from functools import cache
from math import ceil, prod
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from pinta_hw.spec import yaml_file
from pinta_hw.spec.config import WORD_BITS, AcceleratorConfig
from pinta_hw.spec.isa.instruction import Unit, stream_bits
from pinta_hw.spec.isa.real_memory import REAL_BANKS, REAL_GROUPS

_TABLE = Path(__file__).parent / "tables" / "area-asap7.yaml"
_REAL_BITS = 32

Part = Literal[
    "array",
    "operands and results",
    "quantizers",
    "elementwise unit",
    "converter",
    "residual unit",
    "update unit",
    "transfer",
    "control",
    "scratchpad switch",
    "real memory switch",
    "program stores",
    "scratchpad banks",
    "real memory banks",
]
MEMORIES = frozenset({"program stores", "scratchpad banks", "real memory banks"})
"""Parts that are memory banks and nothing else."""
LOGIC = tuple(part for part in get_args(Part) if part not in MEMORIES)
"""All others."""
Quantity = Literal[
    "block units",
    "quantizers",
    "banks",
    "scratchpad banks",
    "elementwise lanes",
    "table lanes",
    "residual lanes",
    "update lanes",
    "instruction bits",
]
SquareMicrometers = Annotated[float, Field(ge=0)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Component(_Record):
    """Something that a configuration has as often as the product of the quantities in ``per`` says; once if empty."""

    part: Part
    name: str
    um2: SquareMicrometers
    flip_flops: Annotated[float, Field(ge=0)]
    per: tuple[Quantity, ...] = ()


class Banks(_Record):
    """Memory banks: each column of ``words`` bits takes ``column_um2``, beside some columns' worth of periphery."""

    words: Annotated[int, Field(gt=0)]
    column_um2: SquareMicrometers


class Memories(_Record):
    """Bank sizes to build memories from."""

    banks: Annotated[tuple[Banks, ...], Field(min_length=1)]
    periphery_columns: Annotated[float, Field(ge=0)]
    least_bits: Annotated[int, Field(gt=0)]
    most_bits: Annotated[int, Field(gt=0)]


class RealMultiplyAdd(_Record):
    """An FP32 multiplier and an FP32 adder of our own, with their pipeline registers."""

    multiplier_um2: SquareMicrometers
    adder_um2: SquareMicrometers
    flip_flops: Annotated[float, Field(ge=0)]


class AreaTable(_Record):
    """Areas of one node with their provenance."""

    name: str
    node_nm: Annotated[float, Field(gt=0)]
    source: str
    components: tuple[Component, ...]
    memories: Memories
    real_multiply_add: RealMultiplyAdd
    excluded: tuple[str, ...]


@cache
def area_table() -> AreaTable:
    """The table that comes with the package."""
    return yaml_file.load(_TABLE, AreaTable)


def area_um2(config: AcceleratorConfig) -> Mapping[str, float]:
    """Area by part (um2), before layout: sums of cells and memory banks, without wires and clock tree."""
    table = area_table()
    quantities = _quantities(config)
    areas: dict[str, float] = {}
    for component in table.components:
        count = prod(quantities[name] for name in component.per)
        areas[component.part] = areas.get(component.part, 0.0) + component.um2 * count
    stores = sum(memory_um2(config.program_depth, stream_bits(config, unit)) for unit in Unit)
    areas["program stores"] = stores
    areas["scratchpad banks"] = quantities["scratchpad banks"] * memory_um2(config.words, WORD_BITS)
    areas["real memory banks"] = REAL_GROUPS * REAL_BANKS * memory_um2(config.real_words, _REAL_BITS)
    return areas


def flip_flops(config: AcceleratorConfig) -> Mapping[str, float]:
    """Flip-flops by part; banks have none of their own here."""
    quantities = _quantities(config)
    counts: dict[str, float] = {}
    for component in area_table().components:
        count = prod(quantities[name] for name in component.per)
        counts[component.part] = counts.get(component.part, 0.0) + component.flip_flops * count
    return counts


def memory_um2(words: int, bits: int) -> float:
    """Area of a memory (um2): side by side and one above the other, the banks that take the least area.

    What is shallower or narrower than the smallest bank takes one of the smallest.
    """
    memories = area_table().memories
    pieces = ceil(bits / memories.most_bits)
    columns = max(ceil(bits / pieces), memories.least_bits) + memories.periphery_columns
    return min(ceil(words / bank.words) * bank.column_um2 for bank in memories.banks) * columns * pieces


def real_multiply_add_um2() -> float:
    """Area of an FP32 multiply-add of our own (um2): multiplier and adder with their pipeline registers."""
    pair = area_table().real_multiply_add
    return pair.multiplier_um2 + pair.adder_um2


def _quantities(config: AcceleratorConfig) -> Mapping[str, int]:
    return {
        "block units": config.units,
        "quantizers": config.quantizers,
        "banks": config.banks,
        "scratchpad banks": config.groups * config.banks,
        "elementwise lanes": config.elementwise_lanes,
        "table lanes": config.table_lanes,
        "residual lanes": config.residual_lanes,
        "update lanes": config.update_lanes,
        "instruction bits": sum(stream_bits(config, unit) for unit in Unit),
    }
