"""The record of errors: what went wrong first, and where."""

from amaranth import Cat, Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.spec.control_timing import STEP_BITS
from pinta_hw.spec.faults import STOPPING, ErrorKind
from pinta_hw.spec.isa.transfer import MEMORY_ADDRESS_BITS

from .sections import Section
from .stream import POSITION_BITS


class Place(data.Struct):
    """Where an error happened: the unit, its instruction in the program store, the section and step, an address."""

    unit: 3
    position: POSITION_BITS
    section: Section
    step: STEP_BITS
    address: MEMORY_ADDRESS_BITS


class ErrorRecord(wiring.Component):
    """Keeps every kind of error that happened, and the place of the first one that stops the machine.

    Members
    -------
    clear : In(1)
    events : In, a bit for each `ErrorKind`
        Errors of this cycle.
    place : In(Place)
        Where they happen.
    errors : Out, a bit for each `ErrorKind`
        Since the last `clear`.
    first : Out(Place)
    stop : Out(1)
        An error that stops the machine happens or has happened.
    """

    clear: In(1)
    events: In(len(ErrorKind))
    place: In(Place)
    errors: Out(len(ErrorKind))
    first: Out(Place)
    stop: Out(1)

    def elaborate(self, platform):
        m = Module()
        happens = Cat(self.events[kind] for kind in STOPPING).any()
        happened = Cat(self.errors[kind] for kind in STOPPING).any()
        m.d.comb += self.stop.eq(happens | happened)
        m.d.sync += self.errors.eq(self.errors | self.events)
        with m.If(happens & ~happened):
            m.d.sync += self.first.eq(self.place)
        with m.If(self.clear):
            m.d.sync += [self.errors.eq(0), self.first.eq(0)]
        return m
