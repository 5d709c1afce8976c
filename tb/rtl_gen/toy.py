"""A small hierarchy with everything a component boundary can carry."""

from amaranth.hdl import Assert, Module, signed
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.placement import place


class Doubler(wiring.Component):
    """Combinational, so its module has no clock."""

    def __init__(self, width: int):
        self._width = width
        super().__init__({"i": In(signed(width)), "o": Out(signed(width + 1))})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.eq(self.i << 1)
        return m


class Delay(wiring.Component):
    """A memory of four entries as a delay line, with a check in it."""

    def __init__(self, width: int):
        self._width = width
        super().__init__(
            {"i": In(signed(width)), "o": Out(signed(width)), "side": In(data.StructLayout({"a": 3})).array(2)}
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.cells = cells = memory.Memory(shape=signed(self._width), depth=4, init=[])
        doubler = place(m, "doubler", Doubler(self._width), platform)
        write, read = cells.write_port(), cells.read_port()
        m.d.sync += [write.addr.eq(write.addr + 1), Assert(self.side[0].a != 7, "side is never 7")]
        m.d.comb += [
            read.addr.eq(write.addr + 1),
            write.en.eq(1),
            write.data.eq(self.i),
            doubler.i.eq(read.data),
            self.o.eq(doubler.o + self.side[0].a - self.side[1].a),
        ]
        return m


class Toy(wiring.Component):
    """Three delays of two widths behind a stream whose output cannot be stalled."""

    i: In(stream.Signature(signed(8)))
    o: Out(stream.Signature(signed(8), always_ready=True))
    unused: Out(4)

    def elaborate(self, platform):
        m = Module()
        delays = [place(m, f"delay_{n}", Delay(width), platform) for n, width in enumerate((8, 8, 6))]
        for previous, delay in zip([None, *delays], delays, strict=False):
            m.d.comb += delay.i.eq(self.i.payload if previous is None else previous.o)
        m.d.comb += [self.o.payload.eq(delays[-1].o), self.o.valid.eq(1), self.i.ready.eq(1)]
        return m
