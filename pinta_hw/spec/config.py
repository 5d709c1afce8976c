"""The configuration of an accelerator: presets and own YAML files."""

from dataclasses import dataclass
from functools import cached_property

from .errors import UserError
from .formats import EXPONENT_BITS, PLANE_BITS
from .isa.real_memory import REAL_BANKS, REAL_GROUPS

WORD_BITS = PLANE_BITS + EXPONENT_BITS
"""A scratchpad word: one digit plane of a block and a copy of the block's exponent."""
WORD_MANTISSA_BYTES = PLANE_BITS // 8


def _is_power_of_two(value: int) -> bool:
    return value > 0 and value & (value - 1) == 0


@dataclass(frozen=True, order=True)
class Grouping:
    """How the block units are arranged: an output tile of ``rows`` x ``columns`` blocks."""

    rows: int
    columns: int

    def __str__(self) -> str:
        return f"{self.rows}x{self.columns}"


@dataclass(frozen=True)
class AcceleratorConfig:
    """One accelerator. Sizes that the hardware shifts by must be powers of two.

    Parameters
    ----------
    name : str
        Name, used in files and reports.
    groupings : tuple of Grouping
        Arrangements of the block units, the first being the native one; all have the same product.
    groups : int
        Scratchpad groups; the two operands and the result of a GEMM share none.
    banks : int
        Single-port banks of a group: the words that one port moves a cycle.
    words : int
        Depth of a bank in words of one digit plane (64 bits) and one exponent (8 bits).
    program_depth : int
        Instructions that the program store of a unit holds.
    real_words : int
        Depth in FP32 words of a bank of the real memory (`isa.real_memory`).
    table_lanes : int
        Blocks whose activation function is read at a time in the elementwise unit.
    residual_lanes, update_lanes : int
        Elements that the residual and the update unit compute at a time.
    clock_ghz : float
        Clock frequency in GHz, used by the models only.

    Raises
    ------
    UserError
        If a size is impossible; the message names the key.
    """

    name: str
    groupings: tuple[Grouping, ...]
    groups: int
    banks: int
    words: int
    program_depth: int
    real_words: int = 1024
    table_lanes: int = 1
    residual_lanes: int = 4
    update_lanes: int = 2
    clock_ghz: float = 1.0

    def __post_init__(self) -> None:
        def require(condition: bool, key: str, value: object, allowed: str) -> None:
            if not condition:
                raise UserError(f"{key}: {value} is not possible; allowed: {allowed}")

        for key in ("banks", "words", "real_words", "table_lanes", "residual_lanes", "update_lanes"):
            require(_is_power_of_two(getattr(self, key)), key, getattr(self, key), "a power of two")
        require(4 <= self.banks <= 64, "banks", self.banks, "4, 8, 16, 32 or 64")
        require(16 <= self.words <= 65536, "words", self.words, "a power of two from 16 to 65536")
        require(3 <= self.groups <= 16, "groups", self.groups, "3 to 16 (two operands and a result)")
        require(1 <= self.program_depth <= 65536, "program_depth", self.program_depth, "1 to 65536")
        require(16 <= self.real_words <= 65536, "real_words", self.real_words, "a power of two from 16 to 65536")
        require(
            self.table_lanes <= self.elementwise_lanes,
            "table_lanes",
            self.table_lanes,
            f"1 to {self.elementwise_lanes}, a quarter of the banks",
        )
        for key in ("residual_lanes", "update_lanes"):
            require(getattr(self, key) <= REAL_BANKS, key, getattr(self, key), f"1, 2 or {REAL_BANKS}")
        require(0 < self.clock_ghz <= 10, "clock_ghz", self.clock_ghz, "above 0, at most 10 GHz")
        require(len(self.groupings) > 0, "groupings", "[]", "at least one, such as 4x4")
        require(
            len(set(self.groupings)) == len(self.groupings),
            "groupings",
            ", ".join(map(str, self.groupings)),
            "each one once",
        )
        for grouping in self.groupings:
            allowed = (
                f"powers of two with product {self.units}, at most {2 * self.banks} rows and {self.banks} columns, "
                f"and at least {self.quantizers} rows or columns (banks: {self.banks})"
            )
            require(
                _is_power_of_two(grouping.rows)
                and _is_power_of_two(grouping.columns)
                and grouping.rows * grouping.columns == self.units
                and grouping.rows <= 2 * self.banks
                and grouping.columns <= self.banks
                and max(grouping.rows, grouping.columns) >= self.quantizers,
                "groupings",
                grouping,
                allowed,
            )

    @cached_property
    def units(self) -> int:
        """Block units of the array."""
        return self.groupings[0].rows * self.groupings[0].columns

    @property
    def quantizers(self) -> int:
        """Blocks quantized a cycle: SMX-8 results then fill the write port of a scratchpad group."""
        return self.banks // 2

    @property
    def elementwise_lanes(self) -> int:
        """Blocks that the elementwise unit computes a cycle: a beat of `quantizers` SMX-16 blocks arrives in two."""
        return self.banks // 4

    @cached_property
    def a_lanes(self) -> int:
        """Block rows that the array can take at once."""
        return max(grouping.rows for grouping in self.groupings)

    @cached_property
    def b_lanes(self) -> int:
        """Block columns that the array can take at once."""
        return max(grouping.columns for grouping in self.groupings)

    @property
    def group_words(self) -> int:
        """Words of one scratchpad group."""
        return self.banks * self.words

    @property
    def scratchpad_words(self) -> int:
        """Words of the scratchpad: addresses run through one group after the other."""
        return self.groups * self.group_words

    @property
    def real_group_words(self) -> int:
        """FP32 words of one group of the real memory."""
        return REAL_BANKS * self.real_words

    @property
    def real_memory_words(self) -> int:
        """FP32 words of the real memory: addresses run through one group after the other."""
        return REAL_GROUPS * self.real_group_words

    @property
    def scratchpad_rows(self) -> int:
        """Rows of the scratchpad; a row is the same entry of every bank of a group."""
        return self.groups * self.words

    @property
    def scratchpad_bytes(self) -> int:
        """Mantissa bytes of the scratchpad (the exponents come on top)."""
        return self.scratchpad_words * WORD_MANTISSA_BYTES

    @property
    def port_bits(self) -> int:
        """Mantissa bits that one operand or result port moves a cycle."""
        return self.banks * PLANE_BITS
