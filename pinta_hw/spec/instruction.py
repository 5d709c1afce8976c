"""The GEMM instruction: fields, their widths, and how a program word is packed."""

from dataclasses import dataclass

from .accumulator import MAX_CONTRACTION
from .config import AcceleratorConfig
from .errors import UserError
from .formats import BLOCK_SIDE, SMX_BITS
from .layout import TensorLayout

SIZE_BITS = 16
"""Width of the block counts of an instruction."""
MAX_BLOCKS = (1 << SIZE_BITS) - 1


@dataclass(frozen=True)
class Gemm:
    """``result = a b``: block grids ``row_blocks x k_blocks`` times ``k_blocks x column_blocks``.

    ``a`` and ``b`` are layouts of the operands as they are used, so a transposed operand is given by
    `TensorLayout.transposed` and the flag that makes the port transpose inside the blocks.

    Raises
    ------
    UserError
        If the shapes do not match or the contraction is too long.
    """

    a: TensorLayout
    b: TensorLayout
    result: TensorLayout
    grouping: int = 0
    a_transposed: bool = False
    b_transposed: bool = False

    def __post_init__(self) -> None:
        for name, left, right in (
            ("k blocks", self.a.column_blocks, self.b.row_blocks),
            ("row blocks", self.a.row_blocks, self.result.row_blocks),
            ("column blocks", self.b.column_blocks, self.result.column_blocks),
        ):
            if left != right:
                raise UserError(f"{name}: {left} and {right} do not match; allowed: equal counts")
            if left > MAX_BLOCKS:
                raise UserError(f"{name}: {left} is too many; allowed: 1 to {MAX_BLOCKS}")
        if self.k_blocks * BLOCK_SIDE > MAX_CONTRACTION:
            raise UserError(f"contraction: {self.k_blocks * BLOCK_SIDE} elements; allowed: at most {MAX_CONTRACTION}")

    @property
    def row_blocks(self) -> int:
        return self.a.row_blocks

    @property
    def column_blocks(self) -> int:
        return self.b.column_blocks

    @property
    def k_blocks(self) -> int:
        return self.a.column_blocks


def fields(config: AcceleratorConfig) -> dict[str, int]:
    """Names and widths (bits) of the fields of a GEMM word, least significant first."""
    word = (config.scratchpad_words - 1).bit_length()
    widths = {}
    for operand, strides in (
        ("a", ("lane_stride", "k_stride")),
        ("b", ("lane_stride", "k_stride")),
        ("result", ("row_stride", "column_stride")),
    ):
        widths[f"{operand}_base"] = word
        for stride in strides:
            widths[f"{operand}_{stride}"] = word
        widths[f"{operand}_plane_stride"] = word
        widths[f"{operand}_width"] = 2
    widths |= {"a_transposed": 1, "b_transposed": 1}
    widths |= {"row_blocks": SIZE_BITS, "column_blocks": SIZE_BITS, "k_blocks": SIZE_BITS}
    widths["grouping"] = max(1, (len(config.groupings) - 1).bit_length())
    return widths


def encode(config: AcceleratorConfig, gemm: Gemm) -> int:
    """Pack an instruction into a program word.

    Raises
    ------
    UserError
        If two of the three matrices share a scratchpad group: its banks have one port.
    """
    a, b, result = gemm.a, gemm.b, gemm.result
    places = {"a": a.groups(config), "b": b.groups(config), "result": result.groups(config)}
    for left, right in (("a", "b"), ("a", "result"), ("b", "result")):
        shared = set(places[left]) & set(places[right])
        if shared:
            raise UserError(f"scratchpad group {min(shared)}: holds {left} and {right}; allowed: one of them")
    values = {
        "a_base": a.base,
        "a_lane_stride": a.row_stride,
        "a_k_stride": a.column_stride,
        "a_plane_stride": a.plane_stride,
        "a_width": SMX_BITS.index(a.bits),
        "b_base": b.base,
        "b_lane_stride": b.column_stride,
        "b_k_stride": b.row_stride,
        "b_plane_stride": b.plane_stride,
        "b_width": SMX_BITS.index(b.bits),
        "result_base": result.base,
        "result_row_stride": result.row_stride,
        "result_column_stride": result.column_stride,
        "result_plane_stride": result.plane_stride,
        "result_width": SMX_BITS.index(result.bits),
        "a_transposed": int(gemm.a_transposed),
        "b_transposed": int(gemm.b_transposed),
        "row_blocks": gemm.row_blocks,
        "column_blocks": gemm.column_blocks,
        "k_blocks": gemm.k_blocks,
        "grouping": gemm.grouping,
    }
    packed = offset = 0
    for name, width in fields(config).items():
        packed |= (values[name] & ((1 << width) - 1)) << offset
        offset += width
    return packed
