"""Where the highest set bit is."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value


def leading_one(m: Module, bits: Value) -> tuple[Value, Value]:
    """Whether any bit is set, and the index of the highest one (0 if none); a tree of logarithmic depth."""
    if len(bits) == 1:
        return bits, Const(0, 0)
    half = 1 << ((len(bits) - 1).bit_length() - 1)
    low_any, low_index = leading_one(m, bits[:half])
    high_any, high_index = leading_one(m, bits[half:])
    found, index = Signal(), Signal(half.bit_length())
    m.d.comb += [
        found.eq(low_any | high_any),
        index.eq(Cat(Mux(high_any, high_index, low_index)[: half.bit_length() - 1], high_any)),
    ]
    return found, index
