"""Power of a mapped design under simulated activity, cell by cell."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.errors import UserError

from . import liberty as liberty_file
from .activity import CLOCK, Netlist
from .flow import SynthesisResult
from .least_squares import not_negative
from .liberty import Liberty
from .mapping import NETLIST
from .timing import Activity
from .tools import require_sta, run

_POWERS = "powers.txt"
_IDLE = "powers-idle.txt"
_APART = "apart"
_SAMPLES = 96
_SLEW_PS = 20.0
"""At every input."""
_SCRIPT = """\
read_liberty {library}
read_verilog {top}.v
link_design {top}
foreach gate {{{gates}}} {{ set_disable_timing [get_lib_cells $gate] }}
create_clock -name clk -period {period:g} [get_ports {clock}]
set_input_delay 0 -clock clk [all_inputs]
set_input_transition {slew:g} [all_inputs]
source loads.tcl
set corner [sta::cmd_corner]
# The power of the whole is asked for first: that of a cell crashes OpenSTA 2.0.17 before all delays are known.
proc write_powers {{file corner}} {{
  sta::design_power $corner
  set out [open $file w]
  foreach cell [get_cells *] {{
    puts $out "[get_property $cell full_name] [lrange [sta::instance_power $cell $corner] 0 2]"
  }}
  close $out
}}
sta::set_power_input_activity 0 0.5
source quiet.tcl
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
        seen = {netlist.root(netlist.pins[pin]): activity for pin, activity in pins.items()}
        powers = cell_powers(netlist, library, work, result.period_ps, seen.__getitem__)
    return 1e3 * sum(power.total_w for power in powers.values())


def cell_powers(
    netlist: Netlist, library: Liberty, folder: Path, period_ps: float, activity: Callable[[int], Activity]
) -> dict[str, CellPower]:
    """Power of every cell, by instance, from OpenSTA under the given activity of every net.

    OpenSTA 2.0.17 propagates activities through gates, over whatever their outputs were given, and lets the clock
    through every gate in every cycle. So it sees each cell apart from the others, with the loads of its nets, and is
    asked twice, without and with data: what a flip-flop spends on the clock alone counts as often as its gate was open.
    It is asked for `_SAMPLES` instances of each library cell, from the quietest to the busiest; for the others a linear
    model of their cell follows (`_features`).

    Parameters
    ----------
    netlist : Netlist
    library : Liberty
    folder : Path
        Where scripts, logs and results go.
    period_ps : float
    activity : callable
        Activity by net; that of a clock's net is the share of cycles in which the clock comes (``duty``).

    Raises
    ------
    UserError
        If OpenSTA is missing or fails.
    """
    sta = require_sta()
    sample = _sample(netlist, activity)
    idle, busy = _asked(netlist, library, folder, sta, period_ps, activity, sample)
    flops = {flop.instance for flop in (*netlist.flops, *netlist.falling)}
    found = {}
    for instances in _by_cell(netlist).values():
        measured = [instance for instance in instances if instance in idle]
        features = np.array([_features(netlist, instance, activity) for instance in measured])
        moved = np.array([max(0.0, busy[instance][0] - idle[instance][0]) for instance in measured])
        clocked = [idle[instance][0] for instance in measured if instance in netlist.clock_of]
        alone = float(np.mean(clocked)) if clocked else 0.0
        leakage = float(np.mean([busy[instance][1] for instance in measured]))
        weights = not_negative(features, moved)
        for instance in instances:
            clock = netlist.clock_of.get(instance)
            if instance in idle:
                own, data, leaks = idle[instance][0], busy[instance][0] - idle[instance][0], busy[instance][1]
            else:
                own, data, leaks = (
                    alone if clock is not None else 0.0,
                    float(weights @ _features(netlist, instance, activity)),
                    leakage,
                )
            if clock is not None and instance not in flops:  # a clock gate, whose output is a clock
                found[instance] = CellPower(own + data, 0.0, leaks)
            else:
                share = 1.0 if clock is None else activity(clock).duty
                found[instance] = CellPower(own * share, max(0.0, data), leaks)
    return found


def _by_cell(netlist: Netlist) -> dict[str, list[str]]:
    """Instances by library cell; clock gates and flip-flops behind gates among the others of their cell."""
    found: dict[str, list[str]] = {}
    for instance, kind in netlist.cells.items():
        found.setdefault(kind, []).append(instance)
    return found


def _sample(netlist: Netlist, activity: Callable[[int], Activity]) -> list[str]:
    """Some instances of every library cell, evenly from the quietest to the busiest; all clock gates."""
    flops = {flop.instance for flop in (*netlist.flops, *netlist.falling)}
    chosen = [instance for instance in netlist.clock_of if instance not in flops]
    for instances in _by_cell(netlist).values():
        ordered = sorted(instances, key=lambda instance: (_features(netlist, instance, activity)[0], instance))
        count = min(_SAMPLES, len(ordered))
        chosen += [ordered[(2 * number + 1) * len(ordered) // (2 * count)] for number in range(count)]
    return list(dict.fromkeys(chosen))


def _features(netlist: Netlist, instance: str, activity: Callable[[int], Activity]) -> npt.NDArray[np.float64]:
    """What the power of a cell is linear in: changes at its outputs, those times their loads, changes at its inputs."""
    outputs = netlist.outputs_of(instance)
    out = loaded = into = 0.0
    for pin, net in netlist.nets_of[instance].items():
        if net in netlist.clocks:
            continue
        toggles = activity(net).toggles
        if pin in outputs:
            out, loaded = out + toggles, loaded + toggles * netlist.loads.get(net, 0.0)
        else:
            into += toggles
    return np.array([out, loaded, into])


def _asked(
    netlist: Netlist,
    library: Liberty,
    folder: Path,
    sta: str,
    period_ps: float,
    activity: Callable[[int], Activity],
    instances: Sequence[str],
) -> tuple[dict[str, tuple[float, float]], dict[str, tuple[float, float]]]:
    """Dynamic power and leakage (W) by instance, without and with data."""
    apart = netlist.apart(_APART, instances)
    (folder / f"{_APART}.v").write_text(apart.verilog)
    loads = [f"set_load {load:.6g} [get_ports {port}]" for port, (_, _, load) in apart.outputs.items() if load]
    (folder / "loads.tcl").write_text("\n".join(loads) + "\n")
    # A pin that nothing is said of would have an activity of its own.
    quiet = [f"sta::set_power_pin_activity [get_pins {pin}] 0 0.5" for pin, _, _ in apart.outputs.values()]
    (folder / "quiet.tcl").write_text("\n".join(quiet) + "\n")
    lines = []
    for port, net in apart.inputs.items():
        seen = activity(net)
        lines.append(f"sta::set_power_input_port_activity [get_ports {port}] {seen.toggles:.6g} {seen.duty:.6g}")
    for pin, net, _ in apart.outputs.values():
        seen = activity(net)
        if net in netlist.clocks:
            seen = Activity(2 * seen.duty, seen.duty / 2)
        lines.append(f"sta::set_power_pin_activity [get_pins {pin}] {seen.toggles:.6g} {seen.duty:.6g}")
    (folder / "activities.tcl").write_text("\n".join(lines) + "\n")
    gates = {name for name in netlist.cells.values() if not library.cells[name].flops}
    script = _SCRIPT.format(
        library=library.path.resolve(),
        top=_APART,
        gates=" ".join(f"{library.name}/{name}" for name in sorted(gates)),
        period=period_ps / library.time_unit_ps,
        clock=CLOCK,
        slew=_SLEW_PS / library.time_unit_ps,
        idle=_IDLE,
        powers=_POWERS,
    )
    (folder / "power.tcl").write_text(script)
    report = run([sta, "-no_splash", "-exit", "power.tcl"], folder, "power.log")
    idle, busy = (_read(folder / name, apart.names) for name in (_IDLE, _POWERS))
    if not idle.keys() == busy.keys() == set(instances):
        errors = re.findall(r"^Error.*", report, re.MULTILINE)
        raise UserError(f"power: OpenSTA gives none: {errors[0] if errors else folder / 'power.log'}")
    return idle, busy


def _read(path: Path, names: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """Dynamic power and leakage by instance (W)."""
    found = {}
    for line in path.read_text().splitlines() if path.is_file() else ():
        name, internal, switching, leakage = line.split()
        found[names[name]] = (float(internal) + float(switching), float(leakage))
    return found
