"""A library of Verilog modules: every distinct component is converted once and then instantiated."""

import dataclasses
import enum
import re
from collections.abc import Hashable

from amaranth.back import verilog
from amaranth.hdl import ClockSignal, Const, Instance, ResetSignal, Value, ValueCastable
from amaranth.hdl._ir import PortDirection  # an undriven output would otherwise become an input
from amaranth.lib import data, wiring

_BANNER = re.compile(r"\A/\*.*?\*/\s*", re.DOTALL)
_MODULE = re.compile(r"^module (\\\S+ |\w+) ?\(", re.MULTILINE)
_MODULE_TEXT = re.compile(r"^module .*?^endmodule\n", re.MULTILINE | re.DOTALL)
_CLOCK_PORT = re.compile(r"^  input (clk|rst);$", re.MULTILINE)
_EMPTY_WIRE = re.compile(r"^  wire \[-1:0\] (\S+) ?;\n", re.MULTILINE)
_ZERO_MEMORY = re.compile(r"^  initial begin\n(?:    (\w+)\[(\d+)\] = (\d+)'[hd]0+;\n)+  end\n", re.MULTILINE)
_WAKE = re.compile(r"^  reg (\\\$auto\$verilog_backend\S+ ) = 0;\n", re.MULTILINE)
_CHECK = re.compile(
    r"^  always @\(posedge clk\) begin\n(?:    .*\n)*?      assert .*\n(?:    .*\n)*?  end\n", re.MULTILINE
)


@dataclasses.dataclass(frozen=True)
class Port:
    """One port of a Verilog module."""

    name: str
    direction: str
    """``input`` or ``output``."""
    width: int


def component_ports(component: wiring.Component) -> dict[str, tuple[Value, wiring.Flow]]:
    """Ports of a component by their Verilog names, without constants and empty ones.

    Nested interfaces are joined with two underscores, as are the indices of arrays.
    """
    ports = {}
    for path, member, value in component.signature.flatten(component):
        value = value.as_value() if isinstance(value, ValueCastable) else Value.cast(value)
        if not isinstance(value, Const) and len(value) > 0:
            ports["__".join(map(str, path))] = (value, member.flow)
    return ports


def module_ports(component: wiring.Component, verilog_text: str) -> tuple[Port, ...]:
    """Ports of the module that ``component`` became: clock and reset where it has them, then its own."""
    clocks = tuple(Port(name, "input", 1) for name in ("clk", "rst") if name in _CLOCK_PORT.findall(verilog_text))
    return clocks + tuple(
        Port(name, "input" if flow == wiring.In else "output", len(value))
        for name, (value, flow) in component_ports(component).items()
    )


def _fingerprint(value: object) -> Hashable:
    """What distinguishes two values, where equality tells; raises TypeError where it does not."""
    if value is None or isinstance(value, (bool, int, float, str, bytes, enum.Enum, type)):
        return type(value).__name__, value
    if isinstance(value, (tuple, list)):
        return type(value).__name__, tuple(map(_fingerprint, value))
    if isinstance(value, dict):
        return "dict", tuple((_fingerprint(key), _fingerprint(item)) for key, item in value.items())
    if dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return type(value).__qualname__, _fingerprint(fields)
    if isinstance(value, (data.Layout, wiring.Signature)):
        return type(value).__qualname__, repr(value)
    if isinstance(value, wiring.Component):
        members = value.signature.members
        own = {name: item for name, item in vars(value).items() if name not in members and not _is_private_use(name)}
        # The ports, not the signature itself: its text may hold an object's address.
        ports = tuple((name, flow.name, len(port)) for name, (port, flow) in component_ports(value).items())
        return type(value).__module__, type(value).__qualname__, ports, _fingerprint(own)
    raise TypeError(f"{value!r}: a {type(value).__name__} as an attribute hides whether two components are equal")


def _is_private_use(attribute: str) -> bool:
    """Whether Amaranth keeps this attribute for itself."""
    return attribute.startswith("_MustUse__") or attribute in ("_Component__signature",)


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


class VerilogLibrary:
    """A platform that turns placed components into instances of shared Verilog modules.

    Two components are the same module if their class, their ports and all their attributes are equal.
    A module is named after its class, with a number from the second variant on, in the order of first use.

    Parameters
    ----------
    prefix : str
        Leads every module name, so that two accelerators can live in one design.

    Attributes
    ----------
    modules : dict of str to str
        Verilog text by module name; a module comes after those it instantiates.
    """

    def __init__(self, prefix: str):
        self.modules: dict[str, str] = {}
        self._prefix = prefix
        self._names: dict[Hashable, str] = {}
        self._variants: dict[str, int] = {}
        self._clocked: dict[str, tuple[str, ...]] = {}

    def instance(
        self, component: wiring.Component, name: str, reset: Value | None = None, clock: Value | None = None
    ) -> Instance:
        """An instance of the component's module, bound to the component's ports.

        Parameters
        ----------
        reset : Value, optional
            Resets it, beside the domain's own reset.
        clock : Value, optional
            Clocks it, instead of the domain's own clock.

        Raises
        ------
        TypeError
            If the component holds an attribute that cannot be compared.
        """
        key = _fingerprint(component)
        if key not in self._names:
            module = self._new_name(type(component).__name__)
            self._names[key] = module
            self.add(component, module)
        # This one is never elaborated itself: its twin was.
        component._MustUse__used = True
        module = self._names[key]
        clocks = {
            "clk": ClockSignal() if clock is None else clock,
            "rst": ResetSignal() if reset is None else ResetSignal() | reset,
        }
        return Instance(
            module,
            *(("i", port, clocks[port]) for port in self._clocked[module]),
            *(
                ("i" if flow == wiring.In else "o", port, value)
                for port, (value, flow) in component_ports(component).items()
            ),
        )

    def add(self, component: wiring.Component, module: str) -> None:
        """Convert ``component`` to the Verilog module ``module``, and what it places to modules of their own."""
        text = _convert(component, module, self)
        self._clocked[module] = tuple(dict.fromkeys(_CLOCK_PORT.findall(_MODULE_TEXT.match(text)[0])))
        for part in _MODULE_TEXT.findall(text):
            self.modules[_MODULE.match(part)[1]] = part

    def _new_name(self, class_name: str) -> str:
        name = f"{self._prefix}_{_snake_case(class_name)}"
        self._variants[name] = self._variants.get(name, 0) + 1
        return name if self._variants[name] == 1 else f"{name}_{self._variants[name]}"


def _convert(component: wiring.Component, module: str, library: VerilogLibrary) -> str:
    ports = {
        name: (value, PortDirection.Input if flow == wiring.In else PortDirection.Output)
        for name, (value, flow) in component_ports(component).items()
    }
    text = verilog.convert(
        component, name=module, platform=library, ports=ports, emit_src=False, strip_internal_attrs=True
    )
    text = _BANNER.sub("", text)
    # Parts of a component that are no components themselves become `\parent.part `: give them plain names.
    for escaped in set(_MODULE.findall(text)):
        if escaped.startswith("\\"):
            text = text.replace(escaped, escaped.strip("\\ ").replace(".", "_") + " ")
    text = _MODULE_TEXT.sub(_without_empty_wires, text)
    text = _ZERO_MEMORY.sub(_zero_memory, text)
    text = _WAKE.sub(_wake, text)
    return _CHECK.sub(lambda check: _simulation_only(check[0]), text)


def _wake(declaration: re.Match[str]) -> str:
    """Icarus runs an ``always @*`` block only after a change, so this one, which all blocks watch, must change."""
    return f"{declaration[0]}`ifdef __ICARUS__\n  initial #0 {declaration[1]}= 1;\n`endif\n"


def _simulation_only(text: str) -> str:
    return f"`ifndef SYNTHESIS\n{text}`endif\n"


def _without_empty_wires(module: re.Match[str]) -> str:
    """The module without declarations of no bits, which Verilog would read as two, where nothing uses them."""
    text = module[0]
    for name in _EMPTY_WIRE.findall(text):
        if len(re.findall(rf"(?<!\S){re.escape(name)}(?=[ ;])", text)) == 1:
            text = re.sub(rf"^  wire \[-1:0\] {re.escape(name)} ?;\n", "", text, flags=re.MULTILINE)
    return text


def _zero_memory(initial: re.Match[str]) -> str:
    """A loop instead of a line for every word; an SRAM macro has no initial content at all."""
    memory, last, width = initial.groups()
    return _simulation_only(
        f"  integer {memory}_word;\n"
        f"  initial for ({memory}_word = 0; {memory}_word <= {last}; {memory}_word = {memory}_word + 1)\n"
        f"    {memory}[{memory}_word] = {width}'h0;\n"
    )
