"""Energy of a mapped unit in each cycle of a run whose registers are known."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.errors import UserError

from . import registers
from .activity import CLOCK, Netlist
from .liberty import Liberty
from .mapping import NETLIST
from .power import cell_powers
from .timing import Activity

_NETS_AT_ONCE = 512
_NUMBERED = re.compile(r"(?<=\])_\d+$")


@dataclass(frozen=True)
class GroupEnergy:
    """Energy of some cells of a unit.

    Parameters
    ----------
    clock_pj, data_pj : array, shape (cycles,)
        Spent on the clock, where gates let it through, and on what changes.
    leakage_mw : float
    flip_flops : int
    """

    clock_pj: npt.NDArray[np.float64]
    data_pj: npt.NDArray[np.float64]
    leakage_mw: float
    flip_flops: int

    def total_pj(self, period_ps: float) -> float:
        """Over all cycles, leakage included."""
        return float(self.clock_pj.sum() + self.data_pj.sum()) + self.leakage_mw * period_ps * 1e-3 * len(self.data_pj)


@dataclass(frozen=True)
class UnitEnergy:
    """Energy of a unit, by group of cells.

    Parameters
    ----------
    groups : dict of str to GroupEnergy
    bits_checked : int
        Bits of registers and cycles that the netlist was compared in with the recorded run; none differed.
    memory_ports : dict of str to int
        Bits at the ports of memories, by instances and port with dots between them, a bit a cycle.
    """

    groups: dict[str, GroupEnergy]
    bits_checked: int
    memory_ports: dict[str, int]


def energy_by_cycle(
    folder: Path,
    top: str,
    library: Liberty,
    period_ps: float,
    bits: Iterable[tuple[str, int, int]],
    cycles: int,
    group_of: Callable[[str], str],
) -> UnitEnergy:
    """Replay a recorded run on the netlist of a unit.

    The mean power of each cell comes from OpenSTA under the activity of the whole run. What a cell spends on data is
    spread over the cycles by the changes at its pins, and what it spends on the clock over those in which it comes.

    Parameters
    ----------
    folder : Path
        Netlist, registers' names, and libraries of memories, as `synthesize_unit` keeps them.
    top : str
    library : Liberty
    period_ps : float
    bits : iterable of (str, int, int)
        For each bit of each register, input and memory output its name, with dots between instances, its number, and
        its values as an integer of one bit a cycle.
    cycles : int
    group_of : callable
        The group of a cell, by its instance.

    Raises
    ------
    UserError
        If the netlist does anything else than the recorded run, or OpenSTA is missing or fails.
    """
    netlist = Netlist(folder / NETLIST, library, cycles, top)
    known = {(name, bit): value for name, bit, value in bits}
    at_flops, inputs = _recorded(netlist, folder, known)
    differing = netlist.replay(at_flops, inputs, known.get((CLOCK, 0)))
    if differing:
        raise UserError(f"power: the netlist of {top} differs from the recorded run in {differing:,} bits")
    period_changes = max(cycles - 1, 1)
    values = netlist.values
    changes = [(value ^ (value >> 1)) & ((1 << (cycles - 1)) - 1) for value in values]
    activity = [
        Activity(change.bit_count() / period_changes, value.bit_count() / cycles)
        for change, value in zip(changes, values, strict=True)
    ]
    with TemporaryDirectory(prefix="pinta-power-") as temporary:
        powers = cell_powers(netlist, library, Path(temporary), period_ps, activity.__getitem__)
    nets_of: dict[str, list[int]] = {}
    for pin, net in netlist.pins.items():
        nets_of.setdefault(pin.rpartition("/")[0], []).append(net)
    flops = {flop.instance for flop in (*netlist.flops, *netlist.falling)}
    picojoules = period_ps * 1e-12 * 1e12
    data_weights: dict[str, dict[int, float]] = {}
    clock_weights: dict[str, dict[int, float]] = {}
    leakage_mw: dict[str, float] = {}
    flip_flops: dict[str, int] = {}
    steady: dict[str, float] = {}
    for instance, power in powers.items():
        group = group_of(instance)
        leakage_mw[group] = leakage_mw.get(group, 0.0) + 1e3 * power.leakage_w
        flip_flops[group] = flip_flops.get(group, 0) + (instance in flops)
        clock, weights = clock_weights.setdefault(group, {}), data_weights.setdefault(group, {})
        gate = netlist.clock_of.get(instance)
        open_share = activity[gate].duty if gate is not None else 1.0
        if gate is not None and open_share:
            clock[gate] = clock.get(gate, 0.0) + power.clock_w * picojoules / open_share
        elif gate is None:
            steady[group] = steady.get(group, 0.0) + power.clock_w * picojoules
        total = sum(activity[net].toggles for net in nets_of[instance])
        for net in nets_of[instance] if total else ():
            weights[net] = weights.get(net, 0.0) + power.data_w * picojoules / total
    return UnitEnergy(
        {
            group: GroupEnergy(
                _weighted(values, clock_weights[group], cycles) + steady.get(group, 0.0),
                _weighted(changes, data_weights[group], cycles),
                leakage_mw[group],
                flip_flops[group],
            )
            for group in leakage_mw
        },
        len(at_flops) * (cycles - 1),
        {name: values[net] for name, net in netlist.ports.items()},
    )


def _recorded(
    netlist: Netlist, folder: Path, known: Mapping[tuple[str, int], int]
) -> tuple[dict[str, int], dict[int, int]]:
    """What the registers and the nets driven from outside were.

    A few registers have no name in the description, such as outputs of small memories: those follow from the others.
    """
    names = registers.driven((folder / registers.FILE).read_text())
    at_flops = {}
    for flop in (*netlist.flops, *netlist.falling):
        path, _, cell = flop.instance.rpartition("/")
        net = names.get((netlist.module_of[path], cell), "")
        name, bit = registers.split(net)
        key = (".".join(filter(None, (path.replace("/", "."), name))), bit)
        if key in known:
            at_flops[flop.instance] = known[key]
    inputs = {}
    for (name, bit), value in known.items():
        inputs[f"{name}[{bit}]"] = value
        if bit == 0:
            inputs[name] = value
    given = {}
    for name, net in (netlist.inputs | netlist.ports).items():
        # A bit that shares its name with another signal has a number behind it.
        key = name if name in inputs else _NUMBERED.sub("", name)
        if key in inputs:
            given[net] = inputs[key]
    return at_flops, given


def _weighted(values: Sequence[int], weights: Mapping[int, float], cycles: int) -> npt.NDArray[np.float64]:
    """Sum of the nets' values in each cycle, times their weights."""
    total = np.zeros(cycles)
    size = -(-cycles // 8)
    nets = [net for net, weight in weights.items() if weight]
    for first in range(0, len(nets), _NETS_AT_ONCE):
        some = nets[first : first + _NETS_AT_ONCE]
        packed = np.frombuffer(b"".join(values[net].to_bytes(size, "little") for net in some), np.uint8)
        bits = np.unpackbits(packed.reshape(len(some), size), axis=1, bitorder="little", count=cycles)
        total += np.array([weights[net] for net in some]) @ bits
    return total
