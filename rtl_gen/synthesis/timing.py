"""Timing and power of a netlist, with OpenSTA."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pinta_hw.spec.errors import UserError

from .liberty import Liberty
from .tools import run


@dataclass(frozen=True)
class Activity:
    """Switching of a port.

    Parameters
    ----------
    toggles : float
        Transitions a cycle; random data has 0.5.
    duty : float
        Share of the time at 1.
    """

    toggles: float
    duty: float


RANDOM = Activity(0.5, 0.5)
CONSTANT_HIGH = Activity(0.0, 1.0)
CONSTANT_LOW = Activity(0.0, 0.0)

_PATH = re.compile(r"^(path|to_fall|from_fall) (\S+) (\S+) (\S+) (\S+) (\S+)$", re.MULTILINE)
_BORROWED = 1e-6
_ENDS = 1000
"""Path ends looked at beside those at clock gates."""
NO_CREDIT = "set sta_crpr_enabled 0"
"""With an ideal clock there is no pessimism to credit, but OpenSTA finds some where a gate drives many flip-flops."""
_TELL = """\
proc tell {kind ends} {
  foreach end $ends {
    set line [list $kind [get_property $end slack]]
    foreach which {startpoint endpoint} {
      set pin [get_property [get_property $end $which] full_name]
      set cell port
      set slash [string last / $pin]
      if {$slash > 0} { set cell [get_property [get_cells [string range $pin 0 [expr $slash - 1]]] ref_name] }
      lappend line $pin $cell
    }
    puts [join $line]
  }
}
"""
_TOTAL_POWER = re.compile(r"^Total +(\S+) +(\S+) +(\S+) +(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class TimedPath:
    """From a register, macro or port, pin ``start``, to another one, ``end``.

    Parameters
    ----------
    period_ps : float
        The shortest clock period with it, setup included; of a path that has half a cycle, twice what it takes.
    half : bool
        It begins at the rising and ends at the falling edge.
    """

    period_ps: float
    start: str
    end: str
    half: bool


@dataclass(frozen=True)
class Timing:
    """What OpenSTA says before layout: ideal clock, no wires, inputs at the clock edge.

    Parameters
    ----------
    critical_path_ps : float
        Shortest clock period, setup included.
    start, end : str
        Instances or ports at the ends of the longest path.
    gates : tuple of TimedPath
        To what holds the enables of gated clocks at the falling edge.
    power_mw, leakage_mw : float or None
        At the target period under the given activities.
    """

    critical_path_ps: float
    start: str
    end: str
    gates: tuple[TimedPath, ...]
    power_mw: float | None
    leakage_mw: float | None


def analyze(
    netlist: Path,
    top: str,
    library: Liberty,
    folder: Path,
    sta: str,
    period_ps: float,
    latches: int = 0,
    macro_libraries: Sequence[Path] = (),
    activities: Mapping[str, Activity] | None = None,
) -> Timing:
    """Time a netlist; ``latches`` is the number of its clock gates.

    With ``activities`` (by port; ports not named are `RANDOM`) also its power.

    Raises
    ------
    UserError
        If OpenSTA fails or the design has no timed path.
    """
    script = [f"read_liberty {path}" for path in (library.path, *macro_libraries)]
    script += [
        f"read_verilog {netlist.name}",
        f"link_design {top}",
        f"create_clock -name clk -period {period_ps / library.time_unit_ps:g} [get_ports clk]",
        NO_CREDIT,
        "set data {}",
        'foreach port [all_inputs] { if {[get_property $port full_name] != "clk"} { lappend data $port } }',
        "set_input_delay 0 -clock clk $data",
        "set_output_delay 0 -clock clk [all_outputs]",
        *longest_paths(latches + _ENDS),
        "report_checks -path_delay max -fields {slew cap fanout} -digits 3",
    ]
    if activities is not None:
        script += [f"set_power_activity -input -activity {RANDOM.toggles} -duty {RANDOM.duty}"]
        script += [
            f"sta::set_power_input_port_activity [get_ports {{{port}}}] {activity.toggles} {activity.duty}"
            for port, activity in activities.items()
        ]
        script += ["report_power -digits 8"]
    (folder / "timing.tcl").write_text("\n".join(script) + "\n")
    report = run([sta, "-no_splash", "-exit", "timing.tcl"], folder, "timing.log")
    paths = limiting_paths(report, library, period_ps)
    if not paths:
        errors = re.findall(r"^Error.*", report, re.MULTILINE)
        raise UserError(f"sta: no timed path in {top}: {errors[0] if errors else 'it has no registers'}")
    longest = max(paths, key=lambda path: path.period_ps)
    power = _TOTAL_POWER.search(report)
    return Timing(
        critical_path_ps=longest.period_ps,
        start=longest.start,
        end=longest.end,
        gates=tuple(path for path in paths if path.half),
        power_mw=float(power[4]) * 1e3 if power else None,
        leakage_mw=float(power[3]) * 1e3 if power else None,
    )


def longest_paths(count: int, through: str = "", more: str = "") -> list[str]:
    """Commands that tell ``count`` paths, and those to and from the falling edge.

    ``more`` is a command that finds the former in ``paths``: the next search forgets them.
    """
    find = f"find_timing_paths -path_delay max -group_count {count} {through}"
    return [
        _TELL,
        f"set paths [{find}]",
        "tell path $paths",
        more,
        f"tell to_fall [{find} -fall_to [get_clocks clk]]",
        f"tell from_fall [{find} -fall_from [get_clocks clk]]",
    ]


def limiting_paths(report: str, library: Liberty, period_ps: float) -> tuple[TimedPath, ...]:
    """What `longest_paths` told, as far as it limits the period.

    An enable that reaches the latch of its clock gate late, while the latch is open, borrows time: its slack there is
    zero, and its path goes on to the gate and is counted there. A latch that borrows nothing limits nothing.
    """
    latch = library.low_latch.name if library.low_latch else None
    told: dict[str, dict[tuple[str, ...], float]] = {"path": {}, "to_fall": {}, "from_fall": {}}
    for kind, slack, *ends in _PATH.findall(report):
        told[kind][tuple(ends)] = float(slack) * library.time_unit_ps
    every = told["path"] | told["to_fall"] | told["from_fall"]
    borrowing = {
        _instance(end) for (_, _, end, cell), slack in every.items() if cell == latch and abs(slack) <= _BORROWED
    }
    found = []
    for pins, slack in every.items():
        start, start_cell, end, cell = pins
        if cell == latch:
            limits = slack < -_BORROWED
        else:
            limits = start_cell != latch or _instance(start) in borrowing
        if limits:
            half = latch not in (start_cell, cell) and (pins in told["to_fall"]) != (pins in told["from_fall"])
            period = period_ps - slack * (2 if half else 1)
            found.append(TimedPath(period, start, end, half and pins in told["to_fall"]))
    return tuple(found)


def _instance(pin: str) -> str:
    return pin.rpartition("/")[0]
