"""The FP32 machine: a systolic array with epilogue and update lanes in a given area, beside the same memories."""

from collections.abc import Iterator
from dataclasses import dataclass

from pinta_hw.spec.config import WORD_BITS, AcceleratorConfig
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.formats import BLOCK_ELEMENTS

from ..area import area_table, area_um2

_FLOAT_BITS = 32
_REGISTERS = 3
"""Of 32 bits in a processing element: both operands on their way, and the sum."""
_FLIP_FLOP_UM2 = 0.2916
"""The smallest flip-flop of ASAP7, DFFHQNx1."""
_REPLACED = ("array", "operand fetch", "quantizers", "elementwise unit", "converter", "update unit")
"""Parts of the accelerator in whose area the FP32 machine has its array and lanes; all others it has, too."""


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
    return sum(areas[part] for part in _REPLACED)


@dataclass(frozen=True)
class FloatMachine:
    """An FP32 accelerator.

    Parameters
    ----------
    rows, columns : int
        Processing elements of the array; each multiplies and adds in every cycle.
    epilogue_lanes, function_lanes, update_lanes : int
        Elements a cycle: products and sums; activation functions; parameters.
    memory_words : int
        FP32 words on the chip.
    bank_kib : float
        Capacity of a bank, which decides the energy of an access.
    clock_ghz : float
        Clock.
    beat_words : int
        FP32 words of a beat at the port to the memory outside, one a cycle.
    area_um2 : float
        Of array and lanes.
    """

    rows: int
    columns: int
    epilogue_lanes: int
    function_lanes: int
    update_lanes: int
    memory_words: int
    bank_kib: float
    clock_ghz: float
    beat_words: int
    area_um2: float

    @property
    def elements(self) -> int:
        """Processing elements."""
        return self.rows * self.columns

    def __str__(self) -> str:
        return f"{self.rows} x {self.columns} FP32"


def machine(
    config: AcceleratorConfig, parts: FloatParts, shape: tuple[int, int], lanes: tuple[int, int, int]
) -> FloatMachine:
    """A machine with the memories, the clock and the port of an accelerator.

    Parameters
    ----------
    config : AcceleratorConfig
        Its bits of scratchpad and real memory become FP32 words.
    parts : FloatParts
        Areas.
    shape, lanes : tuples of int
        Rows and columns; epilogue, function and update lanes.
    """
    rows, columns = shape
    epilogue, function, update = lanes
    bits = config.scratchpad_words * WORD_BITS + config.real_memory_words * _FLOAT_BITS
    area = (
        rows * columns * parts.element
        + epilogue * parts.epilogue_lane
        + function * parts.function_lane
        + update * parts.update_lane
    )
    return FloatMachine(
        rows,
        columns,
        epilogue,
        function,
        update,
        bits // _FLOAT_BITS,
        config.words * WORD_BITS / 8 / 1024,
        config.clock_ghz,
        4,
        area,
    )


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
        for function in (1, 2, 4):
            for epilogue in (2, 4, 8, 16):
                left = budget_um2 - machine(config, parts, (0, 0), (epilogue, function, update)).area_um2
                for columns in (4, 8, 16, 32):
                    rows = min(widest, int(left // (columns * parts.element)))
                    if rows >= 1 and columns <= widest:
                        found = True
                        yield machine(config, parts, (rows, columns), (epilogue, function, update))
    if not found:
        least = machine(config, parts, (1, 8), (2, 1, 1)).area_um2
        raise UserError(f"area: {budget_um2:,.0f} um2 hold no FP32 machine; allowed: {least:,.0f} um2 or more")
