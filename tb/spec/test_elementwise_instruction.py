"""Elementwise instructions: what is refused, and how long some of them take."""

from dataclasses import replace

import pytest

from pinta_hw.spec.elementwise_timing import elementwise_cycles
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.isa.elementwise import Elementwise, ElementwiseOperation, Walk, elementwise_values, reads_together
from pinta_hw.spec.presets import load_config

EDGE = load_config("edge")


def walk(group: int, bits: int = 16) -> Walk:
    return Walk(group * EDGE.group_words, bits, 64, 32, 1, 1032)


def instruction(operation: ElementwiseOperation, groups: str, **others) -> Elementwise:
    """Operands a, b, c, d and the result in the groups of these digits."""
    a, b, c, d, result = (walk(int(digit)) for digit in groups)
    return Elementwise(operation, a, result, 2, 2, 32, False, 3, 3, b=b, c=c, d=d, **others)


@pytest.mark.parametrize(
    ("operation", "groups", "message"),
    [
        (ElementwiseOperation.MULTIPLY, "11002", "scratchpad group 1: holds a and b; allowed: one of them"),
        (ElementwiseOperation.ADD, "10102", "scratchpad group 1: holds a and c; allowed: one of them"),
        (ElementwiseOperation.DOT2, "12332", "scratchpad group 2: holds the result and b; allowed: one of them"),
        (ElementwiseOperation.DOT2, "12334", "scratchpad group 3: holds c and d; allowed: one of them"),
        (ElementwiseOperation.TABLE, "10001", "scratchpad group 1: holds the result and a; allowed: one of them"),
    ],
)
def test_what_meets_at_a_bank_is_refused(operation, groups, message):
    with pytest.raises(UserError) as error:
        elementwise_values(EDGE, instruction(operation, groups))
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("operation", "groups", "others"),
    [
        (ElementwiseOperation.MULTIPLY, "11002", {"serial": True}),
        (ElementwiseOperation.MULTIPLY, "11002", {"squared": True}),
        (ElementwiseOperation.DOT2, "12120", {}),
        (ElementwiseOperation.TABLE, "10102", {}),
    ],
)
def test_what_does_not_is_encoded(operation, groups, others):
    assert elementwise_values(EDGE, instruction(operation, groups, **others))["operation"] == operation


def test_operands_are_read_two_at_a_time():
    dot2 = instruction(ElementwiseOperation.DOT2, "12120")
    assert reads_together(dot2) == ("ab", "cd")
    assert reads_together(replace(dot2, serial=True)) == ("a", "b", "c", "d")
    assert reads_together(replace(dot2, operation=ElementwiseOperation.MULTIPLY_ADD, squared=True)) == ("ac",)


@pytest.mark.parametrize(
    ("operation", "others", "cycles"),
    [
        # 16 beats; the first one: 5 to the registers, reads, groups, 7 in the lanes, 2 to the write, its second cycle.
        (ElementwiseOperation.MULTIPLY, {}, 5 + 2 + 1 + 7 + 2 + 1 + 15 * 2),
        (ElementwiseOperation.MULTIPLY, {"serial": True}, 5 + 4 + 1 + 7 + 2 + 1 + 15 * 4),
        (ElementwiseOperation.MULTIPLY, {"squared": True}, 5 + 2 + 1 + 7 + 2 + 1 + 15 * 2),
        (ElementwiseOperation.ADD, {}, 5 + 2 + 1 + 7 + 2 + 1 + 15 * 2),
        (ElementwiseOperation.DOT2, {}, 5 + 4 + 1 + 7 + 2 + 1 + 15 * 4),
        (ElementwiseOperation.TABLE, {}, 5 + 2 + 1 + 13 + 2 + 1 + 15 * 2),
        (ElementwiseOperation.SUM_PARTS, {}, 5 + 2 + 1 + 6 + 2 + 1 + 15 * 2),
    ],
)
def test_durations(operation, others, cycles):
    assert elementwise_cycles(EDGE, instruction(operation, "12120", **others)) == cycles


def test_narrow_operands_are_read_in_half_the_cycles():
    dot2 = instruction(ElementwiseOperation.DOT2, "12120")
    narrow = replace(dot2, a=walk(1, 8), b=walk(2, 4), d=walk(2, 12))
    assert elementwise_cycles(EDGE, narrow) == elementwise_cycles(EDGE, dot2) - 16
