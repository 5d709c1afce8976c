"""Moving a number's leading one to the top."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value


def normalize(m: Module, number: Value) -> tuple[Value, Value]:
    """``number`` shifted left until its highest bit is set, and by how many places; combinational.

    Zero stays zero, the number of places then means nothing.
    """
    width = len(number)
    zeros = []
    for level in reversed(range((width - 1).bit_length())):
        step = 1 << level
        empty = Signal(name=f"empty_{step}")
        shifted = Signal(width, name=f"normal_{step}")
        m.d.comb += [
            empty.eq(~number[width - step :].any()),
            shifted.eq(Mux(empty, Cat(Const(0, step), number[: width - step]), number)),
        ]
        zeros.insert(0, empty)
        number = shifted
    return number, Cat(zeros)
