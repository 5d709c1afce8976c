"""The control: streams, sections, counters and the record of errors."""

from amaranth import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.instruction import operation_layout
from pinta_hw.placement import place
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.control_timing import STEP_BITS
from pinta_hw.spec.faults import NO_UNIT, ErrorKind
from pinta_hw.spec.isa.instruction import Unit, stream_bits
from pinta_hw.spec.isa.transfer import MEMORY_ADDRESS_BITS

from .counter import Counter
from .error_record import ErrorRecord, Place
from .sections import LENGTHS, Section, Sections
from .stream import Stream

ENDED_BITS = 32
WATCHDOG_BITS = 32


class UnitControl(wiring.Signature):
    """Starts a unit and hears when it is done; `running` is high from the one to the other."""

    def __init__(self, config: AcceleratorConfig, unit: Unit):
        super().__init__(
            {"start": Out(1), "operation": Out(operation_layout(config, unit)), "running": Out(1), "done": In(1)}
        )


class ProgramWrite(wiring.Signature):
    """Writes one instruction of a unit; the word lies in the low bits of the data."""

    def __init__(self, config: AcceleratorConfig):
        super().__init__(
            {
                "valid": Out(1),
                "unit": Out(Unit),
                "address": Out(ceil_log2(config.program_depth)),
                "data": Out(max(stream_bits(config, unit) for unit in Unit)),
            }
        )


class TransferFault(data.Struct):
    """An error of the transfer unit in this cycle."""

    memory: 1
    bad_address: 1
    address: MEMORY_ADDRESS_BITS


class Control(wiring.Component):
    """Runs programs on the units.

    Members
    -------
    program_write : In
        Fills the program stores; only while not `busy`.
    start : In(1)
        Run a program; only while not `busy` and without an error.
    clear : In(1)
        Forget errors.
    halt : In(1)
        Start no instruction any more.
    steps, prologue, body, epilogue : In
        See `sections.Sections`.
    watchdog : In(32)
        Cycles without an ended instruction after which the program fails; 0 for never.
    gemm, elementwise, convert, residual, update, transfer : Out(UnitControl)
        The units.
    conflict, outside : In(1)
        Two units used the same memory group; a unit used a row that does not exist.
    transfer_fault : In(TransferFault)
    start_refused, write_refused : In(1)
        Errors of the host.
    busy, ended : Out(1)
        A program runs; it ends with this cycle, without an error.
    section, step, body_step : Out
        See `sections.Sections`.
    errors, first_error : Out
        See `error_record.ErrorRecord`.
    cycles : Out(64)
        Of the program.
    busy_cycles : Out(64) for each unit
        Cycles from a start to its done, both included, in the program.
    ended_instructions : Out(32) for each unit
        Of the program.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "program_write": In(ProgramWrite(config)),
                "start": In(1),
                "clear": In(1),
                "halt": In(1),
                "steps": In(STEP_BITS),
                "prologue": In(LENGTHS),
                "body": In(LENGTHS),
                "epilogue": In(LENGTHS),
                "watchdog": In(WATCHDOG_BITS),
                **{unit.name.lower(): Out(UnitControl(config, unit)) for unit in Unit},
                "conflict": In(1),
                "outside": In(1),
                "transfer_fault": In(TransferFault),
                "start_refused": In(1),
                "write_refused": In(1),
                "busy": Out(1),
                "ended": Out(1),
                "section": Out(Section),
                "step": Out(STEP_BITS),
                "body_step": Out(STEP_BITS),
                "errors": Out(len(ErrorKind)),
                "first_error": Out(Place),
                "cycles": Out(64),
                "busy_cycles": Out(64).array(len(Unit)),
                "ended_instructions": Out(ENDED_BITS).array(len(Unit)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self._config
        streams = [place(m, f"stream_{unit.name.lower()}", Stream(config, unit), platform) for unit in Unit]
        sections = place(m, "sections", Sections(), platform)
        record = place(m, "record", ErrorRecord(), platform)
        for unit, stream in zip(Unit, streams, strict=True):
            port = getattr(self, unit.name.lower())
            wiring.connect(m, sections.streams[unit], stream.section)
            m.d.comb += [
                stream.store_write.valid.eq(self.program_write.valid & (self.program_write.unit == unit)),
                stream.store_write.address.eq(self.program_write.address),
                stream.store_write.data.eq(self.program_write.data),
                stream.hold.eq(sections.hold),
                port.start.eq(stream.start),
                port.running.eq(stream.running),
                port.operation.eq(stream.operation),
                stream.done.eq(port.done),
                sections.idle[unit].eq(stream.idle),
                sections.running[unit].eq(stream.running),
                sections.blocked[unit].eq(stream.blocked),
            ]
            m.d.comb += [stream.ended_of[other].eq(streams[other].ended) for other in Unit]
        m.d.comb += [
            sections.start.eq(self.start),
            sections.steps.eq(self.steps),
            sections.prologue.eq(self.prologue),
            sections.body.eq(self.body),
            sections.epilogue.eq(self.epilogue),
            sections.stop.eq(record.stop | self.halt),
            self.busy.eq(sections.busy),
            self.ended.eq(sections.ended),
            self.section.eq(sections.section),
            self.step.eq(sections.step),
            self.body_step.eq(sections.body_step),
            record.clear.eq(self.clear),
            self.errors.eq(record.errors),
            self.first_error.eq(record.first),
        ]
        self._build_errors(m, streams, sections, record)
        self._build_counters(m, streams, sections, platform)
        return m

    def _build_errors(self, m: Module, streams: list[Stream], sections: Sections, record: ErrorRecord) -> None:
        illegal = Cat(stream.illegal for stream in streams)
        unaligned = Cat(stream.unaligned for stream in streams)
        memory_fault = self.transfer_fault.memory | self.transfer_fault.bad_address
        waited = Signal(WATCHDOG_BITS)
        expired = Signal()
        any_done = Cat(stream.done for stream in streams).any()
        with m.If(sections.busy & ~any_done):
            m.d.sync += waited.eq(waited + 1)
        with m.Else():
            m.d.sync += waited.eq(0)
        m.d.sync += expired.eq(sections.busy & (self.watchdog != 0) & (waited == self.watchdog))
        for kind, event in {
            ErrorKind.ILLEGAL_INSTRUCTION: illegal.any(),
            ErrorKind.BAD_ADDRESS: unaligned.any() | self.transfer_fault.bad_address | self.outside,
            ErrorKind.MEMORY: self.transfer_fault.memory,
            ErrorKind.DEADLOCK: sections.deadlock,
            ErrorKind.WATCHDOG: expired,
            ErrorKind.CONFLICT: self.conflict,
            ErrorKind.START_REFUSED: self.start_refused,
            ErrorKind.WRITE_REFUSED: self.write_refused,
        }.items():
            m.d.comb += record.events[kind].eq(event)

        # The unit: the one that is refused, or whose transfer fails, or the first that waits, or that runs too long.
        blamed = Signal(len(Unit))
        where = record.place
        m.d.comb += [where.section.eq(sections.section), where.step.eq(sections.step), where.unit.eq(NO_UNIT)]
        with m.If(memory_fault):
            m.d.comb += [blamed.eq(1 << Unit.TRANSFER), where.address.eq(self.transfer_fault.address)]
        with m.Elif((illegal | unaligned).any()):
            m.d.comb += blamed.eq(illegal | unaligned)
        with m.Elif(sections.deadlock):
            m.d.comb += blamed.eq(sections.blocked)
        with m.Elif(expired):
            m.d.comb += blamed.eq(sections.running)
        for unit in reversed(Unit):
            with m.If(blamed[unit]):
                m.d.comb += [where.unit.eq(unit), where.position.eq(streams[unit].position)]

    def _build_counters(self, m: Module, streams: list[Stream], sections: Sections, platform) -> None:
        cycles = place(m, "cycle_counter", Counter(), platform)
        m.d.comb += [cycles.clear.eq(self.start), cycles.enable.eq(sections.busy), self.cycles.eq(cycles.value)]
        for unit, stream in zip(Unit, streams, strict=True):
            busy = place(m, f"busy_{unit.name.lower()}", Counter(), platform)
            m.d.comb += [
                busy.clear.eq(self.start),
                busy.enable.eq(stream.running),
                self.busy_cycles[unit].eq(busy.value),
            ]
            with m.If(self.start):
                m.d.sync += self.ended_instructions[unit].eq(0)
            with m.Elif(stream.done):
                m.d.sync += self.ended_instructions[unit].eq(self.ended_instructions[unit] + 1)
