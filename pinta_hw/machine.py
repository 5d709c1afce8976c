"""The machine: units, memories, control, and the ports to the outside."""

from amaranth import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .control.control import Control
from .control.unit_clock import UnitClock
from .convert.converter import Converter
from .elementwise_unit import ElementwiseUnit
from .gemm_unit import GemmUnit
from .host.axi4_lite import Axi4Lite
from .host.host_port import HostPort
from .host.reset_sequence import ResetSequence
from .memory.real_memory import RealMemory
from .memory.scratchpad import ReadSignature, Scratchpad, WriteSignature
from .placement import place
from .real.residual_unit import ResidualUnit
from .real.update_unit import UpdateUnit
from .spec.config import AcceleratorConfig
from .spec.isa.instruction import Unit
from .spec.isa.real_memory import REAL_GROUPS
from .transfer.axi4 import Axi4
from .transfer.unit import TransferUnit

_UNITS = {
    Unit.GEMM: (GemmUnit, "gemm"),
    Unit.ELEMENTWISE: (ElementwiseUnit, "elementwise"),
    Unit.CONVERT: (Converter, "convert"),
    Unit.RESIDUAL: (ResidualUnit, "vector"),
    Unit.UPDATE: (UpdateUnit, "update"),
    Unit.TRANSFER: (TransferUnit, "operation"),
}
"""Class of each unit, and the member that takes the operation."""


def _clients(unit: Unit, component: wiring.Component, signature: type[wiring.Signature]) -> dict[str, str]:
    """Members of a unit that are clients of the scratchpad, by their name at the scratchpad."""
    return {
        f"{unit.name.lower()}_{name.removesuffix('_memory')}": name
        for name, member in component.signature.members.items()
        if member.is_signature and isinstance(member.signature, signature)
    }


def _real_client(component: wiring.Component) -> str | None:
    """The member of a unit that is a client of the real memory."""
    return next((name for name in ("real_memory", "memory") if name in component.signature.members), None)


class Machine(wiring.Component):
    """PINTA: runs a whole training program out of one start.

    A program lies in the units' stores, its data in the AXI memory. What the registers mean is in `spec.registers`.

    Members
    -------
    s_axil : In(Axi4Lite())
        Registers.
    m_axi : Out(Axi4())
        Memory.
    irq : Out(1)
        High while an enabled event stands.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__({"s_axil": In(Axi4Lite()), "m_axi": Out(Axi4()), "irq": Out(1)})

    @property
    def config(self) -> AcceleratorConfig:
        """The configuration that this machine was built from."""
        return self._config

    def elaborate(self, platform):
        m = Module()
        config = self._config
        host = place(m, "host", HostPort(config), platform)
        sequence = place(m, "reset_sequence", ResetSequence(), platform)
        reset = sequence.reset
        control = place(m, "control", Control(config), platform, reset)
        units = {}
        for unit, (kind, _) in _UNITS.items():
            name = unit.name.lower()
            clock = None
            if unit is not Unit.TRANSFER:  # the memory may answer at any time
                clock = place(m, f"{name}_clock", UnitClock(), platform)
                m.d.comb += [clock.running.eq(getattr(control, name).running), clock.resetting.eq(sequence.resetting)]
            units[unit] = place(m, f"{name}_unit", kind(config), platform, reset, clock and clock.gated)
        transfer = units[Unit.TRANSFER]
        wiring.connect(m, wiring.flipped(self.s_axil), host.bus)
        wiring.connect(m, wiring.flipped(self.m_axi), transfer.axi)
        self._build_memories(m, control, units, platform)
        for unit, (_, operation) in _UNITS.items():
            port, component = getattr(control, unit.name.lower()), units[unit]
            m.d.comb += [
                component.start.eq(port.start),
                getattr(component, operation).eq(port.operation),
                port.done.eq(component.done),
            ]
        m.d.comb += [
            self.irq.eq(host.irq),
            sequence.request.eq(host.reset),
            sequence.quiet.eq(transfer.quiet),
            transfer.cancel.eq(sequence.resetting),
            transfer.step.eq(control.body_step),
            transfer.base.eq(host.memory_base),
            control.transfer_fault.eq(transfer.fault),
            control.halt.eq(sequence.resetting),
            host.resetting.eq(sequence.resetting),
            host.nan.eq(Cat(unit.nan for unit in units.values() if "nan" in unit.signature.members).any()),
        ]
        wiring.connect(m, host.program_write, control.program_write)
        for name in ("start", "clear", "start_refused", "write_refused", "steps", "watchdog"):
            m.d.comb += getattr(control, name).eq(getattr(host, name))
        for name in ("prologue", "body", "epilogue"):
            m.d.comb += getattr(control, name).eq(getattr(host, name))
        for name in ("busy", "ended", "section", "step", "errors", "first_error", "cycles"):
            m.d.comb += getattr(host, name).eq(getattr(control, name))
        for unit in Unit:
            m.d.comb += [
                host.busy_cycles[unit].eq(control.busy_cycles[unit]),
                host.ended_instructions[unit].eq(control.ended_instructions[unit]),
            ]
        return m

    def _build_memories(self, m: Module, control: Control, units: dict[Unit, wiring.Component], platform) -> None:
        config = self._config
        readers = {
            name: (unit, member) for unit in Unit for name, member in _clients(unit, units[unit], ReadSignature).items()
        }
        writers = {
            name: (unit, member)
            for unit in Unit
            for name, member in _clients(unit, units[unit], WriteSignature).items()
        }
        scratchpad = place(m, "scratchpad", Scratchpad(config, tuple(readers), tuple(writers)), platform)
        for name, (unit, member) in (readers | writers).items():
            wiring.connect(m, getattr(units[unit], member), getattr(scratchpad, name))

        members = {unit: member for unit in Unit if (member := _real_client(units[unit]))}
        real = place(m, "real_memory", RealMemory(config, tuple(unit.name.lower() for unit in members)), platform)
        for unit, member in members.items():
            for group in range(REAL_GROUPS):
                wiring.connect(m, getattr(units[unit], member)[group], getattr(real, unit.name.lower())[group])
        # A cycle late, which is still before the program can end.
        m.d.sync += [control.conflict.eq(scratchpad.conflict | real.conflict), control.outside.eq(scratchpad.outside)]
