"""Sums over parts, as they are recorded for the machine."""

import pytest

from golden.lowering.lanes import record_sum
from golden.lowering.tape import Tape
from golden.lowering.tensors import Buffer, Plane, Tensor

ROWS, COLUMNS, BITS = 8, 4, 12


def parts(count: int) -> Tensor:
    """Planes below each other in one buffer."""
    whole = Buffer("parts", 2 * count, COLUMNS, BITS)
    return Tensor(tuple(Plane(whole, 2 * n, ROWS) for n in range(count)), COLUMNS, BITS)


def constants(*values: float) -> Tensor:
    """A constant for each plane; equal ones are one buffer."""
    made = {value: Buffer(f"constant {value:g}", 1, 1, BITS, value) for value in values}
    return Tensor(tuple(Plane(made[value], 0, ROWS) for value in values), COLUMNS, BITS)


def test_one_constant_for_all_parts() -> None:
    tape = Tape()
    result = record_sum(tape, parts(3), constants(0.5, 0.5, 0.5), BITS)
    assert [operation.name for operation in tape.operations] == ["sum over parts"]
    assert [plane.rows for plane in result.planes] == [ROWS]


@pytest.mark.parametrize("values", [(0.5, 0.25, 0.5), (0.25, 0.5, 0.5)])
def test_several_constants_are_no_sum_over_parts(values: tuple[float, ...]) -> None:
    with pytest.raises(AssertionError, match="joins a part of constant"):
        record_sum(Tape(), parts(3), constants(*values), BITS)
