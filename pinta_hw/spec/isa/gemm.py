"""The GEMM instruction: fields, their widths, and their values."""

from dataclasses import dataclass

from ..accumulator import MAX_CONTRACTION
from ..config import AcceleratorConfig
from ..errors import UserError
from ..formats import BLOCK_SIDE, SMX_BITS, blocks
from ..layout import TensorLayout
from .fields import Fields, pack

SIZE_BITS = 16
"""Width of the block counts of an instruction."""
MAX_BLOCKS = (1 << SIZE_BITS) - 1


@dataclass(frozen=True)
class RealResult:
    """A product's place in real memory: element (i, j) is the word ``base + i * row_stride + j``, or transposed.

    Parameters
    ----------
    base, row_stride : int
        Words.
    rows, columns : int
        Elements of the product; those of the last blocks outside are not written.
    accumulate : bool
        Add to what lies there (FP32, half to even) instead of replacing it.
    transposed : bool
        Element (i, j) is the word ``base + j * row_stride + i``.
    addend : int, optional
        Where that lies to which a result is added, if not at `base`, with the same stride; in another group, so that a
        row takes one cycle instead of two.
    """

    base: int
    rows: int
    columns: int
    row_stride: int
    accumulate: bool = False
    transposed: bool = False
    addend: int | None = None

    @property
    def row_blocks(self) -> int:
        """Block rows."""
        return blocks(self.rows)

    @property
    def column_blocks(self) -> int:
        """Block columns."""
        return blocks(self.columns)


@dataclass(frozen=True)
class Gemm:
    """``result = a b``: block grids ``row_blocks x k_blocks`` times ``k_blocks x column_blocks``.

    ``a`` and ``b`` are layouts of the operands as they are used, so a transposed operand is given by
    `TensorLayout.transposed` and the flag that makes the port transpose inside the blocks. The result is quantized to
    its layout's precision, or goes to real memory rounded to FP32.

    Raises
    ------
    UserError
        If the shapes do not match or the contraction is too long.
    """

    a: TensorLayout
    b: TensorLayout
    result: TensorLayout | RealResult
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


def gemm_fields(config: AcceleratorConfig) -> Fields:
    """Names and widths (bits) of the fields of a GEMM word, least significant first."""
    word = (config.scratchpad_words - 1).bit_length()
    side = (BLOCK_SIDE - 1).bit_length()
    widths: Fields = {}
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
    real = (config.real_memory_words - 1).bit_length()
    widths |= {"to_real": 1, "accumulate": 1, "real_transposed": 1, "last_row": side, "last_column": side}
    return widths | {"real_base": real, "real_row_stride": real, "real_addend": real}


def encode(config: AcceleratorConfig, gemm: Gemm) -> int:
    """An instruction as a word of `gemm_fields`; raises as `gemm_values` does."""
    return pack(gemm_fields(config), gemm_values(config, gemm))


def gemm_values(config: AcceleratorConfig, gemm: Gemm) -> dict[str, int]:
    """Values of the fields.

    Raises
    ------
    UserError
        If two of the three matrices share a scratchpad group: its banks have one port.
    """
    a, b, result = gemm.a, gemm.b, gemm.result
    places = {"a": set(a.groups(config)), "b": set(b.groups(config)), "result": set[int]()}
    if isinstance(result, TensorLayout):
        places["result"] = set(result.groups(config))
    elif (
        result.addend is not None and result.addend // config.real_group_words == result.base // config.real_group_words
    ):
        group = result.base // config.real_group_words
        raise UserError(f"real group {group}: holds result and addend; allowed: one of them")
    for left, right in (("a", "b"), ("a", "result"), ("b", "result")):
        shared = places[left] & places[right]
        if shared:
            raise UserError(f"scratchpad group {min(shared)}: holds {left} and {right}; allowed: one of them")
    found = {
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
        "a_transposed": int(gemm.a_transposed),
        "b_transposed": int(gemm.b_transposed),
        "row_blocks": gemm.row_blocks,
        "column_blocks": gemm.column_blocks,
        "k_blocks": gemm.k_blocks,
        "grouping": gemm.grouping,
    }
    if isinstance(result, TensorLayout):
        found |= {
            "result_base": result.base,
            "result_row_stride": result.row_stride,
            "result_column_stride": result.column_stride,
            "result_plane_stride": result.plane_stride,
            "result_width": SMX_BITS.index(result.bits),
        }
    else:
        rows, columns = (result.columns, result.rows) if result.transposed else (result.rows, result.columns)
        found |= {
            "to_real": 1,
            "accumulate": int(result.accumulate),
            "real_transposed": int(result.transposed),
            "last_row": (rows - 1) % BLOCK_SIDE,
            "last_column": (columns - 1) % BLOCK_SIDE,
            "real_base": result.base,
            "real_addend": result.base if result.addend is None else result.addend,
            "real_row_stride": result.row_stride,
        }
    return dict.fromkeys(gemm_fields(config), 0) | found
