"""What a lane of the elementwise unit is asked to do."""

from amaranth.hdl import Cat, Value
from amaranth.lib import data, enum
from amaranth.utils import ceil_log2

from ..spec.formats import BLOCK_ELEMENTS, BLOCK_SIDE
from ..spec.tables import MAX_ORDER
from .wide import WideBlock


class Operation(enum.Enum, shape=3):
    """`pinta_hw.spec.isa.elementwise.ElementwiseOperation`, on one block."""

    MULTIPLY = 0
    ADD = 1
    MULTIPLY_ADD = 2
    DOT2 = 3
    ADD_ROW = 4
    TABLE = 5
    SUM_PARTS = 6


class Function(enum.Enum, shape=2):
    """The activation functions of `pinta_hw.spec.tables`."""

    TANH = 0
    SIN = 1
    GELU = 2


ORDER_BITS = ceil_log2(MAX_ORDER + 1)


class Extent(data.StructLayout):
    """Last row and last column of a block that lie inside the logical shape of its matrix."""

    def __init__(self) -> None:
        super().__init__({"row": ceil_log2(BLOCK_SIDE), "column": ceil_log2(BLOCK_SIDE)})


def lanes_inside(extent) -> Value:
    """One bit a lane: whether it is inside the logical shape."""
    return Cat((row <= extent.row) & (column <= extent.column) for row, column in map(_place, range(BLOCK_ELEMENTS)))


def _place(lane: int) -> tuple[int, int]:
    return divmod(lane, BLOCK_SIDE)


class Step(data.StructLayout):
    """One operation on one block.

    Members
    -------
    operation : what is computed: ``a b``, ``a + c``, ``a b + c``, ``a b + c d``, ``a`` and row 0 of ``c`` added to
        each of its rows, a table at ``a``, or ``a b`` as a part of a sum
    doubled : twice the first product
    function, order : which table, and which derivative, 0 to 4
    a, b, c, d : operands; those that the operation does not take mean nothing
    extent : lanes outside become zero
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "operation": Operation,
                "doubled": 1,
                "function": Function,
                "order": ORDER_BITS,
                "a": WideBlock(),
                "b": WideBlock(),
                "c": WideBlock(),
                "d": WideBlock(),
                "extent": Extent(),
            }
        )
