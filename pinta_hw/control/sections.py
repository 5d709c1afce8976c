"""The control of sections: prologue, body once a step, epilogue."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.spec.control_timing import STEP_BITS
from pinta_hw.spec.isa.instruction import WAIT_BITS, Unit

from .stream import SectionRun


class Section(enum.Enum, shape=2):
    """The sections of a program."""

    PROLOGUE = 0
    BODY = 1
    EPILOGUE = 2


LENGTHS = data.ArrayLayout(WAIT_BITS, len(Unit))
"""Instructions of a section, for each unit."""


class Sections(wiring.Component):
    """Runs the sections of a program on the streams; one begins when all instructions of the one before have ended.

    Latency: the prologue begins in the cycle after `start`; the rest is `spec.control_timing`.

    Members
    -------
    start : In(1)
        Run a program; only while not `busy`.
    steps : In(STEP_BITS)
        Times that the body runs.
    prologue, body, epilogue : In(LENGTHS)
        Their lengths; they lie one after the other in the program stores.
    streams : Out(SectionRun()) for each unit
    idle, running, blocked : In, a bit for each unit
        See `stream.Stream`.
    stop : In(1)
        Start nothing any more, and end as soon as no unit runs.
    hold : Out(1)
        For the streams, from the cycle after `stop`.
    busy : Out(1)
        A program runs.
    ended : Out(1)
        The program has ended with this cycle.
    deadlock : Out(1)
        Instructions wait for each other, and always will.
    section : Out(Section)
    step : Out(STEP_BITS)
        Steps ended: in the body, the number of the step.
    body_step : Out(STEP_BITS)
        The number of the step in the body, 0 elsewhere: what transfers reckon with.
    """

    start: In(1)
    steps: In(STEP_BITS)
    prologue: In(LENGTHS)
    body: In(LENGTHS)
    epilogue: In(LENGTHS)
    streams: Out(SectionRun()).array(len(Unit))
    idle: In(len(Unit))
    running: In(len(Unit))
    blocked: In(len(Unit))
    stop: In(1)
    hold: Out(1)
    busy: Out(1)
    ended: Out(1)
    deadlock: Out(1)
    section: Out(Section)
    step: Out(STEP_BITS)
    body_step: Out(STEP_BITS)

    def elaborate(self, platform):
        m = Module()
        begin = Signal()
        for unit, stream in enumerate(self.streams):
            m.d.comb += stream.begin.eq(begin)
            with m.Switch(self.section):
                with m.Case(Section.PROLOGUE):
                    m.d.comb += [stream.first.eq(0), stream.count.eq(self.prologue[unit])]
                with m.Case(Section.BODY):
                    m.d.comb += [stream.first.eq(self.prologue[unit]), stream.count.eq(self.body[unit])]
                with m.Case(Section.EPILOGUE):
                    m.d.comb += [
                        stream.first.eq(self.prologue[unit] + self.body[unit]),
                        stream.count.eq(self.epilogue[unit]),
                    ]

        next_step = Signal(STEP_BITS)
        m.d.comb += next_step.eq(self.step + (self.section == Section.BODY))
        with m.FSM() as fsm:
            with m.State("IDLE"):
                with m.If(self.start):
                    m.d.sync += [self.busy.eq(1), self.section.eq(Section.PROLOGUE), self.step.eq(0)]
                    m.next = "BEGIN"
            with m.State("BEGIN"):
                m.d.comb += begin.eq(1)
                m.d.sync += self.hold.eq(0)
                m.next = "RUN"
            with m.State("RUN"):
                with m.If(self.stop):
                    m.d.sync += self.hold.eq(1)
                    m.next = "STOP"
                with m.Elif(self.idle.all()):
                    m.d.sync += self.step.eq(next_step)
                    with m.If(self.section == Section.EPILOGUE):
                        m.d.comb += self.ended.eq(1)
                        m.d.sync += self.busy.eq(0)
                        m.next = "IDLE"
                    with m.Else():
                        with m.If(next_step == self.steps):
                            m.d.sync += self.section.eq(Section.EPILOGUE)
                        with m.Else():
                            m.d.sync += self.section.eq(Section.BODY)
                        m.next = "BEGIN"
            with m.State("STOP"):
                with m.If(self.running == 0):
                    m.d.sync += self.busy.eq(0)
                    m.next = "IDLE"
        m.d.comb += self.body_step.eq(Mux(self.section == Section.BODY, self.step, 0))
        m.d.comb += self.deadlock.eq(fsm.ongoing("RUN") & ~self.idle.all() & (self.idle | self.blocked).all())
        return m
