"""Instructions of the converter: FP32 to SMX and back."""

from dataclasses import dataclass

from ..config import AcceleratorConfig
from ..formats import SMX_BITS
from ..layout import TensorLayout
from .fields import Fields
from .real_memory import RealView

_EXTENT_BITS = 16


@dataclass(frozen=True)
class Encode:
    """Quantizes FP32 numbers: ``result[i, j] = source[i, j]`` in the result's precision, once rounded."""

    source: RealView
    result: TensorLayout


@dataclass(frozen=True)
class Decode:
    """The first column of a tensor as ``rows`` consecutive FP32 words, exact but for subnormals, which become zeros.

    Elements of a NaN block become NaN.
    """

    source: TensorLayout
    rows: int
    base: int
    """The first word in real memory."""


def convert_fields(config: AcceleratorConfig) -> Fields:
    """Widths of a converter word; a decode uses ``rows``, ``real_base`` and the tensor's fields."""
    word, real = (config.scratchpad_words - 1).bit_length(), (config.real_memory_words - 1).bit_length()
    fields = {"decode": 1, "rows": _EXTENT_BITS, "columns": _EXTENT_BITS, "real_base": real}
    fields |= {"row_stride": real, "inner_rows": _EXTENT_BITS, "outer_row_stride": real}
    fields |= {"inner_columns": _EXTENT_BITS, "outer_column_stride": real}
    for part in ("base", "row_stride", "column_stride", "plane_stride"):
        fields[f"tensor_{part}"] = word
    return fields | {"tensor_width": 2}


def convert_values(instruction: Encode | Decode) -> dict[str, int]:
    """Values of the fields."""
    if isinstance(instruction, Encode):
        view, tensor = instruction.source, instruction.result
    else:
        view, tensor = RealView.matrix(instruction.base, instruction.rows, 1), instruction.source
    values = {
        "decode": int(isinstance(instruction, Decode)),
        "rows": view.rows,
        "columns": view.columns,
        "real_base": view.base,
    }
    for name in ("row_stride", "inner_rows", "outer_row_stride", "inner_columns", "outer_column_stride"):
        values[name] = getattr(view, name)
    for part in ("base", "row_stride", "column_stride", "plane_stride"):
        values[f"tensor_{part}"] = getattr(tensor, part)
    values["tensor_width"] = SMX_BITS.index(tensor.bits)
    return values
