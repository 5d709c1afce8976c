"""Power of a mapped design under simulated activity, cell by cell."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pinta_hw.spec.errors import UserError

from . import liberty as liberty_file
from .activity import CLOCK, Netlist
from .flow import SynthesisResult
from .liberty import Liberty
from .mapping import NETLIST
from .timing import Activity
from .tools import require_sta, run

# The power of the whole is asked for first, because that of a cell crashes OpenSTA 2.0.17 before all delays are known.
_POWERS = "powers.txt"
_IDLE = "powers-idle.txt"
_FLAT = "flat"
_SCRIPT = """\
read_liberty {library}
read_verilog {top}.v
link_design {top}
create_clock -name clk -period {period:g} [get_ports {clock}]
foreach port [all_inputs] {{
  if {{[get_property $port full_name] != "{clock}"}} {{ set_input_delay 0 -clock clk $port }}
}}
set corner [sta::cmd_corner]
proc write_powers {{file corner}} {{
  sta::design_power $corner
  set out [open $file w]
  foreach cell [get_cells *] {{
    puts $out "[get_property $cell full_name] [lrange [sta::instance_power $cell $corner] 0 2]"
  }}
  close $out
}}
sta::set_power_input_activity 0 0.5
write_powers {idle} $corner
source activities.tcl
write_powers {powers} $corner
"""


@dataclass(frozen=True)
class CellPower:
    """Mean power of a cell (W).

    Parameters
    ----------
    clock_w : float
        Spent on the clock alone, as often as the clock really comes through its gate.
    data_w : float
        Spent on everything that changes beside it.
    leakage_w : float
    """

    clock_w: float
    data_w: float
    leakage_w: float

    @property
    def total_w(self) -> float:
        return self.clock_w + self.data_w + self.leakage_w


def simulated_power_mw(
    result: SynthesisResult, liberty: Path, cycles: Iterable[Mapping[str, int]], streams: int, work: Path
) -> float:
    """Power in mW at ``result.period_ps`` under the given stimuli, activity simulated at zero delay.

    Parameters
    ----------
    result : SynthesisResult
        Of a design without black boxes.
    liberty : Path
        The library that it was mapped with.
    cycles : iterable of dict
        Values of every input bit but the clock, an integer of one bit a stream.
    streams : int
        Independent simulations.
    work : Path
        Folder that `synthesize` kept the netlist in.

    Raises
    ------
    UserError
        If the design has black boxes, or OpenSTA is missing.
    """
    if result.black_boxes:
        raise UserError(f"power: {result.top} has {len(result.black_boxes)} black boxes; allowed: none")
    with liberty_file.opened(liberty) as library:
        netlist = Netlist(work / NETLIST, library, streams, result.top)
        pins, _ = netlist.run(cycles)
        powers = cell_powers(netlist, library, work, result.period_ps, pins)
    return 1e3 * sum(power.total_w for power in powers.values())


def cell_powers(
    netlist: Netlist, library: Liberty, folder: Path, period_ps: float, pins: Mapping[str, Activity]
) -> dict[str, CellPower]:
    """Power of every cell, by instance, from OpenSTA.

    OpenSTA lets the clock through every gate in every cycle. So it is asked twice, without and with the activity
    of the data, and what a cell spends on the clock alone is taken as often as its gate was open.

    Parameters
    ----------
    netlist : Netlist
    library : Liberty
    folder : Path
        Where scripts, logs and results go.
    period_ps : float
    pins : dict of str to Activity
        Activity of every pin; that of clock pins is the share of cycles in which the clock comes (``duty``).

    Raises
    ------
    UserError
        If OpenSTA is missing or fails.
    """
    sta = require_sta()
    text, names = netlist.verilog(_FLAT)
    (folder / f"{_FLAT}.v").write_text(text)
    clocks = {netlist.clock, *netlist.clock_of.values()}
    open_share = {netlist.pins[pin]: activity.duty for pin, activity in pins.items() if netlist.pins[pin] in clocks}
    own_names = {instance: name for name, instance in names.items()}
    lines = []
    for pin, activity in pins.items():
        if netlist.pins[pin] not in clocks:
            instance, _, port = pin.rpartition("/")
            place = f"[get_pins {own_names[instance]}/{port}]"
            lines.append(f"sta::set_power_pin_activity {place} {activity.toggles:.6g} {activity.duty:.6g}")
    (folder / "activities.tcl").write_text("\n".join(lines) + "\n")
    script = _SCRIPT.format(
        library=library.path.resolve(),
        top=_FLAT,
        period=period_ps / library.time_unit_ps,
        clock=CLOCK,
        idle=_IDLE,
        powers=_POWERS,
    )
    (folder / "power.tcl").write_text(script)
    report = run([sta, "-no_splash", "-exit", "power.tcl"], folder, "power.log")
    idle, busy = (_read(folder / name, names) for name in (_IDLE, _POWERS))
    if not idle.keys() == busy.keys() == netlist.cells.keys():
        errors = re.findall(r"^Error.*", report, re.MULTILINE)
        raise UserError(f"power: OpenSTA gives none: {errors[0] if errors else folder / 'power.log'}")
    return {
        instance: CellPower(
            idle[instance][0] * open_share.get(netlist.clock_of.get(instance, -1), 1.0),
            max(0.0, busy[instance][0] - idle[instance][0]),
            busy[instance][1],
        )
        for instance in netlist.cells
    }


def _read(path: Path, names: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """Dynamic power and leakage by instance (W)."""
    found = {}
    for line in path.read_text().splitlines() if path.is_file() else ():
        name, internal, switching, leakage = line.split()
        found[names[name]] = (float(internal) + float(switching), float(leakage))
    return found
