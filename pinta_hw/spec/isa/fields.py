"""Packing of named fields into words."""

from collections.abc import Mapping

Fields = dict[str, int]
"""Widths in bits by name, least significant first."""


def pack(fields: Fields, values: Mapping[str, int]) -> int:
    """One word; a field takes the low bits of its value, those of two's complement where it is negative.

    Parameters
    ----------
    fields : dict of str to int
        Widths.
    values : mapping of str to int
        A value for each field.
    """
    assert fields.keys() == values.keys(), fields.keys() ^ values.keys()
    word = offset = 0
    for name, width in fields.items():
        value = values[name]
        assert -(1 << width) < value < 1 << width, (name, value, width)
        word |= (value & ((1 << width) - 1)) << offset
        offset += width
    return word


def width_of(fields: Fields) -> int:
    """Bits of a word."""
    return sum(fields.values())
