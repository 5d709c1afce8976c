"""Timing across the borders of a machine's units: the netlists of the units, put together again."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from pinta_hw.spec.errors import UserError

from . import registers
from .liberty import opened
from .mapping import NETLIST, map_to_cells
from .netlist_text import modules
from .timing import NO_CREDIT, limiting_paths, longest_paths
from .tools import find_yosys, require_sta, run
from .units import UnitDesign, UnitResult

_MODULE = re.compile(r"^module (\\\S+|\w+) ?\(.*?^endmodule\n", re.MULTILINE | re.DOTALL)
_HEADER = re.compile(r"module .*?;\n", re.DOTALL)
_NUMBERED = re.compile(r"\\(\S+\])(_\d+) ")
_CONNECTED = re.compile(r"\.\\(\S+) ")
_UNCONNECTED = re.compile(r"instance \S+ port \S+ not found")
_PORT = re.compile(r"^  (?:input|output) .*;\n", re.MULTILINE)
_VIA = re.compile(r"^via (\S+) (\S+) (.*)$", re.MULTILINE)
_INPUT_FF = 30.0
"""Of a unit's input with many gates behind it, such as its reset: what lies between the units has to drive it."""
_PATHS = 3000
"""Of each unit, those that cross its border."""


@dataclass(frozen=True)
class BorderPath:
    """The longest of the paths from a unit into another one, or through it.

    Parameters
    ----------
    units : tuple of str
        In the order in which it goes through them.
    period_ps : float
        The shortest clock period with it.
    start, end : str
        Registers, macros or ports.
    """

    units: tuple[str, ...]
    period_ps: float
    start: str
    end: str


@dataclass(frozen=True)
class WholeTiming:
    """A machine of which some units may lack.

    Parameters
    ----------
    borders : tuple of BorderPath
        Between each two units at most one for each way, the longest first.
    gates : tuple of (str, float)
        What holds the enables of gated clocks, and what the longest path to it takes, in ps; it has half a period.
    left_out : tuple of str
        Units without a netlist.
    """

    borders: tuple[BorderPath, ...]
    gates: tuple[tuple[str, float], ...]
    left_out: tuple[str, ...]


def time_whole(design: UnitDesign, results: Sequence[UnitResult], liberty: Path, period_ps: float) -> WholeTiming:
    """Time a machine whose units have been mapped; what lies between them is mapped here.

    Raises
    ------
    UserError
        If a tool is missing or fails, or no unit is given.
    """
    mapped = {result.name: result for result in results if result.name in design.units}
    if not mapped:
        raise UserError(f"whole: no unit is mapped; allowed: some of {', '.join(design.units)}")
    with TemporaryDirectory(prefix="pinta-whole-") as temporary, opened(liberty) as library:
        folder = Path(temporary)
        sta = require_sta()
        glue = folder / "glue"
        glue.mkdir()
        kinds = sorted(set(design.units.values()))
        sources = [folder / f"{name}.v" for name in (*kinds, design.top)]
        for path in sources:
            text = design.modules[path.stem]
            path.write_text(text if path.stem == design.top else _stub(text))
        netlist = map_to_cells(sources, design.top, library, glue, find_yosys(), period_ps, kinds, (), _INPUT_FF)
        folders = {design.module(name): result.folder for name, result in mapped.items()}
        texts = {module: (unit / NETLIST).read_text() for module, unit in folders.items()}
        lists = [folder / registers.FILE for folder in (glue, *folders.values())]
        whole = _joined(netlist.read_text(), texts, set(kinds) - set(folders))
        (folder / "whole.v").write_text(whole)
        macros = {path.name: path for unit in folders.values() for path in unit.glob("*.lib")}
        script = [f"read_liberty {path.resolve()}" for path in (library.path, *macros.values())]
        script += _script(design, mapped, period_ps / library.time_unit_ps)
        (folder / "whole.tcl").write_text("\n".join(script) + "\n")
        report = run([sta, "-no_splash", "-exit", "whole.tcl"], folder, "whole.log")
        assert not _UNCONNECTED.search(report), _UNCONNECTED.search(report)
        names = registers.Names(design.top, whole, "\n".join(path.read_text() for path in lists))
        paths = limiting_paths(report, library, period_ps)
    ways = {(start, end): tuple(way.split()) for start, end, way in _VIA.findall(report)}
    borders: dict[tuple[str, ...], BorderPath] = {}
    for path in sorted(paths, key=lambda path: -path.period_ps):
        way = ways.get((path.start, path.end), ())
        if len(way) > 1 and way not in borders:
            ends = (names.described(pin) for pin in (path.start, path.end))
            borders[way] = BorderPath(way, path.period_ps, *ends)
    gates = tuple((names.described(path.end), path.period_ps / 2) for path in paths if path.half)
    left_out = tuple(name for name in design.units if name not in mapped)
    return WholeTiming(tuple(borders.values()), tuple(sorted(gates, key=lambda gate: -gate[1])), left_out)


def _stub(module: str) -> str:
    """The module with its ports, and a wire in it: Yosys takes an empty module for a macro, whose ports stay wide."""
    header = _HEADER.match(module)
    assert header is not None, module[:80]
    return f"(* keep *)\n{header[0]}{''.join(_PORT.findall(module))}  wire nothing = 1'b0;\nendmodule\n"


def _joined(glue: str, units: Mapping[str, str], stubs: set[str]) -> str:
    """One netlist; of a module that several have, the last one, which is empty in ``glue``."""
    for module, text in units.items():
        # Yosys numbers the bits of a port whose name a wire has already.
        header = _HEADER.match(text, text.index(f"module {module}("))
        glue = re.sub(
            rf"^  {module} +\S+ +\(\n.*?^  \);\n",
            partial(_renumbered, dict(_NUMBERED.findall(header[0]))),
            glue,
            flags=re.MULTILINE | re.DOTALL,
        )
    parts = {name: part for text in (glue, *units.values()) for name, part in modules(text).items()}
    return "".join(part for name, part in parts.items() if name not in stubs)


def _renumbered(numbers: Mapping[str, str], instance: re.Match[str]) -> str:
    return _CONNECTED.sub(lambda pin: f".\\{pin[1]}{numbers.get(pin[1], '')} ", instance[0])


def _script(design: UnitDesign, mapped: Iterable[str], period: float) -> list[str]:
    script = [
        "read_verilog whole.v",
        f"link_design {design.top}",
        f"create_clock -name clk -period {period:g} [get_ports clk]",
        NO_CREDIT,
        "set data {}",
        'foreach port [all_inputs] { if {[get_property $port full_name] != "clk"} { lappend data $port } }',
        "set_input_delay 0 -clock clk $data",
        "set_output_delay 0 -clock clk [all_outputs]",
        # The units that a path goes through, by the first part of its pins' names.
        f"array set unit {{{' '.join(f'{name} 1' for name in design.units)}}}",
        """\
proc ways {ends} {
  global unit
  foreach end $ends {
    set way {}
    foreach point [get_property $end points] {
      set place [lindex [split [get_property [get_property $point pin] full_name] /] 0]
      if {[info exists unit($place)] && $place != [lindex $way end]} { lappend way $place }
    }
    set pins {}
    foreach which {startpoint endpoint} { lappend pins [get_property [get_property $end $which] full_name] }
    puts "via [join $pins] [join $way]"
  }
}
""",
    ]
    for name in mapped:
        script += [
            "set border {}",
            f"foreach pin [get_pins {name}/*] {{",
            "  set clock [string match */clk [get_property $pin full_name]]",
            '  if {!$clock && [get_property $pin direction] == "input"} { lappend border $pin }',
            "}",
            *longest_paths(_PATHS, "-through $border", "ways $paths"),
        ]
    # What holds an enable may lie in the same unit.
    script += [f"tell to_fall [find_timing_paths -path_delay max -group_count {_PATHS} -fall_to [get_clocks clk]]"]
    return script
