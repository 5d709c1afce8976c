"""The machine's outside: registers, interrupt, and what commands do."""

from amaranth import Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.control.control import ENDED_BITS, WATCHDOG_BITS, ProgramWrite
from pinta_hw.control.error_record import Place
from pinta_hw.control.sections import LENGTHS, Section
from pinta_hw.placement import place
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.control_timing import STEP_BITS
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.faults import ErrorKind
from pinta_hw.spec.identity import configuration_sha256
from pinta_hw.spec.isa.instruction import Unit, stream_bits
from pinta_hw.spec.isa.transfer import MEMORY_ADDRESS_BITS
from pinta_hw.spec.registers import IDENTITY, MAP_VERSION, PROGRAM_WINDOW, REGISTER_BITS

from .axi4_lite import Axi4Lite
from .register_file import COMMANDS, RegisterFile


class HostPort(wiring.Component):
    """Connects the registers with the control.

    Parameters
    ----------
    config : AcceleratorConfig
        Its hash is what the register `configuration` reads as.

    Raises
    ------
    UserError
        If an instruction is longer than the registers that it is written through.

    Members
    -------
    bus : In(Axi4Lite())
    irq : Out(1)
        High while an enabled event stands.
    program_write : Out(ProgramWrite(config))
    start, clear, reset : Out(1)
        Commands, one cycle each; `start` only where it is allowed.
    start_refused, write_refused : Out(1)
    steps, watchdog, prologue, body, epilogue, memory_base : Out
        Settings.
    busy, ended, resetting, nan : In(1)
    section, step, errors, first_error, cycles, busy_cycles, ended_instructions : In
        See `control.control.Control`.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        longest = max(stream_bits(config, unit) for unit in Unit)
        if longest > PROGRAM_WINDOW * REGISTER_BITS:
            raise UserError(f"words: instructions of {longest} bits; allowed: {PROGRAM_WINDOW * REGISTER_BITS} bits")
        super().__init__(
            {
                "bus": In(Axi4Lite()),
                "irq": Out(1),
                "program_write": Out(ProgramWrite(config)),
                "start": Out(1),
                "clear": Out(1),
                "reset": Out(1),
                "start_refused": Out(1),
                "write_refused": Out(1),
                "steps": Out(STEP_BITS),
                "watchdog": Out(WATCHDOG_BITS),
                "prologue": Out(LENGTHS),
                "body": Out(LENGTHS),
                "epilogue": Out(LENGTHS),
                "memory_base": Out(MEMORY_ADDRESS_BITS),
                "busy": In(1),
                "ended": In(1),
                "resetting": In(1),
                "nan": In(1),
                "section": In(Section),
                "step": In(STEP_BITS),
                "errors": In(len(ErrorKind)),
                "first_error": In(Place),
                "cycles": In(64),
                "busy_cycles": In(64).array(len(Unit)),
                "ended_instructions": In(ENDED_BITS).array(len(Unit)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        registers = place(m, "registers", RegisterFile(), platform)
        wiring.connect(m, wiring.flipped(self.bus), registers.bus)
        commands, settings, readings = registers.commands, registers.settings, registers.readings
        m.d.comb += [
            registers.locked.eq(self.busy | self.resetting),
            self.write_refused.eq(registers.refused),
            self.clear.eq(commands.control.clear),
            self.reset.eq(commands.control.reset),
        ]
        allowed = ~self.busy & ~self.resetting & ((self.errors == 0) | self.clear)
        m.d.comb += [
            self.start.eq(commands.control.start & allowed),
            self.start_refused.eq(commands.control.start & ~allowed),
            self.program_write.valid.eq(registers.commanded[list(COMMANDS.members).index("program_write")]),
            self.program_write.unit.eq(commands.program_write.unit),
            self.program_write.address.eq(commands.program_write.address),
            self.program_write.data.eq(Cat(settings.program_data)),
            self.steps.eq(settings.steps.value),
            self.watchdog.eq(settings.watchdog.value),
            self.memory_base.eq(Cat(settings.memory_base_low, settings.memory_base_high)),
        ]
        for unit in Unit:
            m.d.comb += [
                self.prologue[unit].eq(settings.prologue_length[unit].value),
                self.body[unit].eq(settings.body_length[unit].value),
                self.epilogue[unit].eq(settings.epilogue_length[unit].value),
                readings.busy_cycles_low[unit].value.eq(self.busy_cycles[unit][:REGISTER_BITS]),
                readings.busy_cycles_high[unit].value.eq(self.busy_cycles[unit][REGISTER_BITS:]),
                readings.ended_instructions[unit].value.eq(self.ended_instructions[unit]),
            ]
        done, nan = self._build_events(m, registers)
        first = self.first_error
        m.d.comb += [
            readings.identity.value.eq(Const(IDENTITY, REGISTER_BITS)),
            readings.version.value.eq(Const(MAP_VERSION, REGISTER_BITS)),
            readings.configuration.value.eq(int(configuration_sha256(self._config)[: REGISTER_BITS // 4], 16)),
            readings.status.idle.eq(~self.busy & ~self.resetting),
            readings.status.busy.eq(self.busy),
            readings.status.resetting.eq(self.resetting),
            readings.status.done.eq(done),
            readings.status.error.eq(self.errors.any()),
            readings.status.nan.eq(nan),
            readings.status.section.eq(self.section),
            readings.errors.eq(self.errors),
            readings.error_place.unit.eq(first.unit),
            readings.error_place.section.eq(first.section),
            readings.error_place.position.eq(first.position),
            readings.error_step.value.eq(first.step),
            readings.error_address_low.value.eq(first.address[:REGISTER_BITS]),
            readings.error_address_high.value.eq(first.address[REGISTER_BITS:]),
            readings.step.value.eq(self.step),
            readings.cycles_low.value.eq(self.cycles[:REGISTER_BITS]),
            readings.cycles_high.value.eq(self.cycles[REGISTER_BITS:]),
        ]
        return m

    def _build_events(self, m: Module, registers: RegisterFile) -> tuple[Signal, Signal]:
        """Sticky bits of the status, and the interrupt."""
        done = Signal()
        nan = Signal()
        errors_before = Signal(len(ErrorKind))
        status = Signal(2)
        cleared = Signal(2)
        happens = Signal(2)
        m.d.sync += [done.eq(done | self.ended), nan.eq(nan | self.nan), errors_before.eq(self.errors)]
        with m.If(self.start | self.clear | self.reset):
            m.d.sync += [done.eq(0), nan.eq(0)]
        m.d.comb += [
            happens.eq(Cat(self.ended, (self.errors & ~errors_before).any())),
            cleared.eq(Cat(registers.commands.interrupt_status)),
            registers.readings.interrupt_status.eq(status),
            self.irq.eq((status & Cat(registers.settings.interrupt_enable)).any()),
        ]
        m.d.sync += status.eq((status & ~cleared) | happens)
        with m.If(self.clear):
            m.d.sync += status.eq(0)
        return done, nan
