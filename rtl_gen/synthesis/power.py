"""Power of a mapped design under simulated activity."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pinta_hw.spec.errors import UserError

from . import liberty as liberty_file
from .activity import Netlist
from .flow import SynthesisResult
from .mapping import NETLIST
from .timing import analyze
from .tools import find_sta


def simulated_power_mw(
    result: SynthesisResult, liberty: Path, cycles: Iterable[Mapping[str, int]], streams: int, work: Path
) -> float:
    """Power in mW at ``result.period_ps`` under the given stimuli, activity simulated at zero delay.

    Parameters
    ----------
    result : SynthesisResult
        Of a design without shared modules or black boxes.
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
        If the design has more than one module, or OpenSTA is missing.
    """
    if len(result.modules) != 1 or result.black_boxes:
        raise UserError(f"power: {result.top} has {len(result.modules)} modules; allowed: one, without black boxes")
    sta = find_sta()
    if sta is None:
        raise UserError("power: OpenSTA (sta) is not on the search path")
    with liberty_file.opened(liberty) as library:
        pins, inputs = Netlist(work / NETLIST, library, streams).run(cycles)
        timing = analyze(
            work / NETLIST,
            result.top,
            library,
            work,
            sta,
            result.period_ps,
            activities=inputs,
            pin_activities=pins,
        )
    if timing.power_mw is None:
        raise UserError(f"power: OpenSTA gives none for {result.top}; its log is {work / 'timing.log'}")
    return timing.power_mw
