"""The registers as gateware, built from their description."""

from amaranth import Cat, Module, Signal
from amaranth.hdl import Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.spec.registers import ADDRESS_BITS, REGISTER_BITS, REGISTER_BYTES, REGISTERS, Access, Register, words
from pinta_hw.transfer.axi4 import Response

from .axi4_lite import Axi4Lite

_READ = (Access.READING, Access.EVENT)
_HELD = (Access.SETTING, Access.WINDOW)
_PULSED = (Access.COMMAND, Access.EVENT)
_WORD_BITS = ADDRESS_BITS - (REGISTER_BYTES.bit_length() - 1)


def _fields(register: Register) -> data.StructLayout:
    return data.StructLayout({field.name: field.bits for field in register.fields})


def registers_layout(*accesses: Access) -> data.StructLayout:
    """The fields of all registers of some kinds; of equal registers in a row, an array."""
    return data.StructLayout(
        {
            register.name: _fields(register)
            if register.count == 1
            else data.ArrayLayout(_fields(register), register.count)
            for register in REGISTERS
            if register.access in accesses
        }
    )


READINGS = registers_layout(*_READ)
SETTINGS = registers_layout(*_HELD)
COMMANDS = registers_layout(*_PULSED)


class RegisterFile(wiring.Component):
    """Decodes AXI4-Lite accesses to the registers of `spec.registers`.

    An access to an address without a register, or a write of less than 32 bits, is answered by SLVERR and does nothing.
    Latency: a write takes effect a cycle after its address and data are accepted, a read is answered two cycles after.
    Throughput: an access in three cycles.

    Members
    -------
    bus : In(Axi4Lite())
    readings : In(READINGS)
        What the readable registers show.
    settings : Out(SETTINGS)
        What was written.
    commands : Out(COMMANDS)
        What is written, in the cycle of `commanded` only; zeros otherwise.
    commanded : Out, a bit for each register of `COMMANDS`, in their order
        One of them is written.
    locked : In(1)
        Locked registers are not written.
    refused : Out(1)
        A write to a locked register was not done.
    """

    bus: In(Axi4Lite())
    readings: In(READINGS)
    settings: Out(SETTINGS)
    commands: Out(COMMANDS)
    commanded: Out(len(COMMANDS.members))
    locked: In(1)
    refused: Out(1)

    def elaborate(self, platform):
        m = Module()
        self._build_write(m)
        self._build_read(m)
        return m

    def _register(self, view: data.View, register: Register, index: int) -> data.View:
        found = view[register.name]
        return found if register.count == 1 else found[index]

    def _build_write(self, m: Module) -> None:
        bus = self.bus
        address = Signal(_WORD_BITS)
        word = Signal(REGISTER_BITS)
        whole = Signal()
        address_held = Signal()
        word_held = Signal()
        write = Signal()
        response = Signal(Response)
        m.d.comb += [
            bus.awready.eq(~address_held),
            bus.wready.eq(~word_held),
            write.eq(address_held & word_held & ~bus.bvalid),
            bus.bresp.eq(response),
        ]
        with m.If(bus.awvalid & bus.awready):
            m.d.sync += [address.eq(bus.awaddr[-_WORD_BITS:]), address_held.eq(1)]
        with m.If(bus.wvalid & bus.wready):
            m.d.sync += [word.eq(bus.wdata), whole.eq(bus.wstrb.all()), word_held.eq(1)]
        with m.If(bus.bvalid & bus.bready):
            m.d.sync += bus.bvalid.eq(0)
        with m.If(write):
            m.d.sync += [bus.bvalid.eq(1), address_held.eq(0), word_held.eq(0), response.eq(Response.SLVERR)]
        names = list(COMMANDS.members)
        with m.If(write & whole), m.Switch(address):
            for byte_address, register, index in words():
                with m.Case(byte_address // REGISTER_BYTES):
                    m.d.sync += response.eq(Response.OKAY)
                    allowed = ~self.locked if register.locked else Value.cast(1)
                    if register.locked:
                        m.d.comb += self.refused.eq(self.locked)
                    if register.access in _HELD:
                        with m.If(allowed):
                            m.d.sync += self._register(self.settings, register, index).eq(word)
                    elif register.access in _PULSED:
                        with m.If(allowed):
                            m.d.comb += [
                                self._register(self.commands, register, index).eq(word),
                                self.commanded[names.index(register.name)].eq(1),
                            ]

    def _build_read(self, m: Module) -> None:
        bus = self.bus
        address = Signal(_WORD_BITS)
        held = Signal()
        response = Signal(Response)
        m.d.comb += [bus.arready.eq(~held & ~bus.rvalid), bus.rresp.eq(response)]
        with m.If(bus.arvalid & bus.arready):
            m.d.sync += [address.eq(bus.araddr[-_WORD_BITS:]), held.eq(1)]
        with m.If(bus.rvalid & bus.rready):
            m.d.sync += bus.rvalid.eq(0)
        with m.If(held):
            m.d.sync += [held.eq(0), bus.rvalid.eq(1), bus.rdata.eq(0), response.eq(Response.SLVERR)]
            with m.Switch(address):
                for byte_address, register, index in words():
                    with m.Case(byte_address // REGISTER_BYTES):
                        m.d.sync += response.eq(Response.OKAY)
                        if register.access in _READ:
                            m.d.sync += bus.rdata.eq(Cat(self._register(self.readings, register, index)))
                        elif register.access is Access.SETTING:
                            m.d.sync += bus.rdata.eq(Cat(self._register(self.settings, register, index)))
