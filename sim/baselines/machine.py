"""The FP32 machine: a systolic array with epilogue and update lanes in a given area, beside the same memories."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pinta_hw.spec.config import WORD_BITS, WORD_MANTISSA_BYTES, AcceleratorConfig
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.formats import BLOCK_ELEMENTS
from pinta_hw.spec.isa.transfer import BEAT_BYTES

from ..area import MEMORIES, area_table, area_um2

_FLOAT_BITS = 32
_REGISTERS = 3
"""Of 32 bits in a processing element: both operands on their way, and the sum."""
_FLIP_FLOP_UM2 = 0.2916
"""The smallest flip-flop of ASAP7, DFFHQNx1."""
SHARED = ("residual unit", "transfer", "control", "scratchpad switch", "real memory switch")
"""Parts of the accelerator that the FP32 machine has, too, beside the memories; its array and lanes take the area of
all others."""


@dataclass(frozen=True)
class FloatParts:
    """Areas of FP32 parts (um2).

    Parameters
    ----------
    multiplier, adder : float
        Of one operation a cycle, with their pipeline registers.
    table : float
        Of an activation function, for one element a cycle.
    update_lane : float
        Of the optimizer, for one parameter a cycle.
    """

    multiplier: float
    adder: float
    table: float
    update_lane: float

    @property
    def element(self) -> float:
        """A processing element: multiplier, adder, registers."""
        return self.multiplier + self.adder + _REGISTERS * _FLOAT_BITS * _FLIP_FLOP_UM2

    @property
    def epilogue_lane(self) -> float:
        """A lane that multiplies and adds in each cycle."""
        return self.element

    @property
    def function_lane(self) -> float:
        """A lane that evaluates an activation function in each cycle: table and quadratic interpolation."""
        return 2 * (self.multiplier + self.adder) + self.table


def float_parts() -> FloatParts:
    """Areas from the project's own netlists, as `sim.area` has them."""
    table = area_table()
    by_name = {(one.part, one.name): one.um2 for one in table.components}
    pair = table.real_multiply_add
    return FloatParts(
        pair.multiplier_um2,
        pair.adder_um2,
        by_name["elementwise unit", "tables of a lane and what reads them"] / BLOCK_ELEMENTS,
        by_name["update unit", "lane"],
    )


def replaced_um2(config: AcceleratorConfig) -> float:
    """Area of the accelerator's parts that an FP32 machine does without (um2)."""
    areas = area_um2(config)
    return sum(area for part, area in areas.items() if part not in MEMORIES and part not in SHARED)


@dataclass(frozen=True)
class FloatMachine:
    """An FP32 accelerator with the memories, the clock, the port and all else of one of ours but its datapath.

    Parameters
    ----------
    config : AcceleratorConfig
        Ours.
    rows, columns : int
        Processing elements of the array; each multiplies and adds in every cycle.
    epilogue_lanes, function_lanes, update_lanes : int
        Elements a cycle: products and sums; activation functions; parameters.
    """

    config: AcceleratorConfig
    rows: int
    columns: int
    epilogue_lanes: int
    function_lanes: int
    update_lanes: int

    beat_words = BEAT_BYTES * 8 // _FLOAT_BITS
    """FP32 words of a beat at the port to the memory outside, one a cycle."""

    @property
    def elements(self) -> int:
        """Processing elements."""
        return self.rows * self.columns

    @property
    def memory_words(self) -> int:
        """FP32 words that the bits of scratchpad and real memory hold."""
        bits = self.config.scratchpad_words * WORD_BITS + self.config.real_memory_words * _FLOAT_BITS
        return bits // _FLOAT_BITS

    @property
    def port_words(self) -> int:
        """FP32 words that a port to the scratchpad moves a cycle."""
        return self.config.port_bits // _FLOAT_BITS

    @property
    def bank_kib(self) -> float:
        """Capacity of a bank, which decides the energy of an access."""
        return self.config.words * WORD_MANTISSA_BYTES / 1024

    def area_um2(self, parts: FloatParts) -> Mapping[str, float]:
        """Area of array and lanes, by part."""
        return {
            "array": self.elements * parts.element,
            "epilogue lanes": self.epilogue_lanes * parts.epilogue_lane,
            "function lanes": self.function_lanes * parts.function_lane,
            "update lanes": self.update_lanes * parts.update_lane,
        }

    def __str__(self) -> str:
        return f"{self.rows} x {self.columns} FP32"


def machines_within(config: AcceleratorConfig, parts: FloatParts, budget_um2: float) -> Iterator[FloatMachine]:
    """Machines of at most an area: for each choice of lanes the largest arrays of several shapes.

    An operand port of the accelerator moves `port_bits` a cycle, which is the most that either side may be wide.

    Raises
    ------
    UserError
        If none fits.
    """
    found = False
    widest = config.port_bits // _FLOAT_BITS
    for update in (1, 2):
        for function in (1, 2, 4, 8):
            for epilogue in (4, 8, 16, 32, 64):
                lanes = FloatMachine(config, 0, 0, epilogue, function, update)
                left = budget_um2 - sum(lanes.area_um2(parts).values())
                for columns in (4, 8, 16, 32):
                    rows = min(widest, int(left // (columns * parts.element)))
                    if rows >= 1 and columns <= widest:
                        found = True
                        yield FloatMachine(config, rows, columns, epilogue, function, update)
    if not found:
        least = sum(FloatMachine(config, 1, 4, 2, 1, 1).area_um2(parts).values())
        raise UserError(f"area: {budget_um2:,.0f} um2 hold no FP32 machine; allowed: {least:,.0f} um2 or more")
