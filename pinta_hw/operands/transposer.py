"""Blocks on their way to the array: transposed under a flag, and digit planes joined to byte planes.

Wires and one two-way multiplexer a bit. Pass signals: an expression would be repeated for each element.
"""

from amaranth.hdl import Cat, Mux, Value

from ..spec.formats import BLOCK_ELEMENTS, BLOCK_SIDE, DIGIT_BITS

_ROW_MAJOR = range(BLOCK_ELEMENTS)
_COLUMN_MAJOR = [BLOCK_SIDE * (n % BLOCK_SIDE) + n // BLOCK_SIDE for n in _ROW_MAJOR]


def transposed_plane(plane: Value, transpose: Value) -> Value:
    """A digit plane, its block transposed if ``transpose``: the digit of ``(r, c)`` moves to ``(c, r)``.

    Parameters
    ----------
    plane : Value, 64 bits
        The digit of element ``(r, c)`` at bits ``4*(4*r + c)`` and up, as in the result.
    transpose : Value, 1 bit
    """
    return Mux(transpose, Cat(plane.word_select(n, DIGIT_BITS) for n in _COLUMN_MAJOR), plane)


def byte_plane(high: Value, low: Value, transpose: Value) -> Value:
    """The byte plane of two digit planes, its block transposed if ``transpose``.

    Parameters
    ----------
    high, low : Value, 64 bits each
        Digit planes. ``low`` is zero where the format has no digit for it (`pinta_hw.spec.digits.b_planes`).
    transpose : Value, 1 bit

    Returns
    -------
    Value, 128 bits
        The byte ``{high, low}`` of element ``(r, c)`` at bits ``8*(4*r + c)`` and up.
    """

    def joined(order):
        return Cat(Cat(low.word_select(n, DIGIT_BITS), high.word_select(n, DIGIT_BITS)) for n in order)

    return Mux(transpose, joined(_COLUMN_MAJOR), joined(_ROW_MAJOR))
