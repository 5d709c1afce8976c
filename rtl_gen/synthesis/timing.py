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

_PATH = re.compile(r"^path (\S+) (\S+) (\S+) (\S+) (\S+)$", re.MULTILINE)
_BORROWED = 1e-6
_ENDS = 1000
"""Path ends looked at beside those at clock gates."""
_TOTAL_POWER = re.compile(r"^Total +(\S+) +(\S+) +(\S+) +(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Timing:
    """What OpenSTA says before layout: ideal clock, no wires, inputs at the clock edge.

    Parameters
    ----------
    critical_path_ps : float
        Shortest clock period, setup included.
    start, end : str
        Instances or ports at the ends of the longest path.
    power_mw, leakage_mw : float or None
        At the target period under the given activities.
    """

    critical_path_ps: float
    start: str
    end: str
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
        "set data {}",
        'foreach port [all_inputs] { if {[get_property $port full_name] != "clk"} { lappend data $port } }',
        "set_input_delay 0 -clock clk $data",
        "set_output_delay 0 -clock clk [all_outputs]",
        f"foreach end [find_timing_paths -path_delay max -group_count {latches + _ENDS}] {{",
        "  set line [list path [get_property $end slack]]",
        "  foreach which {startpoint endpoint} {",
        "    set pin [get_property [get_property $end $which] full_name]",
        "    set cell port",
        "    set slash [string last / $pin]",
        "    if {$slash > 0} { set cell [get_property [get_cells [string range $pin 0 [expr $slash - 1]]] ref_name] }",
        "    lappend line $pin $cell",
        "  }",
        "  puts [join $line]",
        "}",
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
    longest = longest_path(report, library)
    if longest is None:
        errors = re.findall(r"^Error.*", report, re.MULTILINE)
        raise UserError(f"sta: no timed path in {top}: {errors[0] if errors else 'it has no registers'}")
    slack, start, end = longest
    power = _TOTAL_POWER.search(report)
    return Timing(
        critical_path_ps=period_ps - slack * library.time_unit_ps,
        start=start,
        end=end,
        power_mw=float(power[4]) * 1e3 if power else None,
        leakage_mw=float(power[3]) * 1e3 if power else None,
    )


def longest_path(report: str, library: Liberty) -> tuple[float, str, str] | None:
    """Slack, start and end of the longest path that limits the period.

    An enable that reaches the latch of its clock gate late, while the latch is open, borrows time: its slack there is
    zero, and its path goes on to the gate and is counted there. A latch that borrows nothing limits nothing.
    """
    latch = library.low_latch.name if library.low_latch else None
    paths = [
        (float(slack), start, end, start_cell, cell) for slack, start, start_cell, end, cell in _PATH.findall(report)
    ]
    borrowing = {_instance(end) for slack, _, end, _, cell in paths if cell == latch and abs(slack) <= _BORROWED}
    limiting = [
        (slack, start, end)
        for slack, start, end, start_cell, cell in paths
        if (slack < -_BORROWED if cell == latch else start_cell != latch or _instance(start) in borrowing)
    ]
    return min(limiting, default=None)


def _instance(pin: str) -> str:
    return pin.rpartition("/")[0]
