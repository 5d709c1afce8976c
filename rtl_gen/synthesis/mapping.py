"""From Verilog to a netlist of library cells, with Yosys and ABC."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from . import clock_gates, registers
from .borders import strengthen
from .liberty import Liberty
from .netlist_text import INSTANCE, modules, plain
from .tools import run

NETLIST = "netlist.v"
"""The mapped design, in the working folder."""
LOAD_FF = 2.0
"""Assumed at every output of a combinational cone before sizing: about three gate inputs."""


def instances(verilog: Sequence[Path], top: str, folder: Path, yosys: str) -> dict[str, Counter[str]]:
    """For each module under ``top``, the modules that it instantiates and how often.

    Raises
    ------
    UserError
        If Yosys cannot read the design or does not find the top module.
    """
    script = _reading(verilog, folder)
    script += [f"hierarchy -top {top}", "proc", "write_json hierarchy.json"]
    (folder / "hierarchy.ys").write_text("\n".join(script) + "\n")
    run([yosys, "-s", "hierarchy.ys"], folder, "hierarchy.log")
    modules = json.loads((folder / "hierarchy.json").read_text())["modules"]
    return {
        name: Counter(cell["type"] for cell in module["cells"].values() if cell["type"] in modules)
        for name, module in modules.items()
    }


def totals(tree: dict[str, Counter[str]], top: str) -> Counter[str]:
    """How often each module occurs under ``top``, ``top`` itself once."""
    found: Counter[str] = Counter()

    def visit(module: str, times: int) -> None:
        found[module] += times
        for child, count in tree.get(module, Counter()).items():
            visit(child, times * count)

    visit(top, 1)
    return found


def map_to_cells(
    verilog: Sequence[Path],
    top: str,
    library: Liberty,
    folder: Path,
    yosys: str,
    period_ps: float,
    keep: Collection[str],
    black_boxes: Collection[str],
    load_ff: float = LOAD_FF,
) -> Path:
    """Map a design; the modules in ``keep`` stay modules, ``black_boxes`` stay empty, all others are dissolved.

    ``load_ff`` is what each output of a cone of logic drives before sizing.

    Returns the netlist's path in ``folder``.
    """
    shutil.copyfile(library.path, folder / "cells.lib")
    (folder / "clock_gate.v").write_text(clock_gates.BLACK_BOX)
    (folder / "enables.v").write_text(clock_gates.FROM_ENABLES)
    gates = clock_gates.to_cells(library)
    (folder / "clock_gate_cells.v").write_text(gates or "")
    (folder / "map.abc").write_text(_abc_script(library))
    (folder / "constraints.abc").write_text(
        f"set_driving_cell {library.buffer.name}\nset_load {load_ff}\n" if library.buffer else ""
    )
    script = ["read_verilog -lib clock_gate.v"]
    script += _reading(verilog, folder)
    script += [f"blackbox {name}" for name in sorted(black_boxes)]
    script += [f"hierarchy -check -top {top}", "proc"]
    script += [f"setattr -mod -set keep_hierarchy 1 {name}" for name in sorted(keep)]
    script += [
        "flatten",
        # Silicon starts unknown: reset is the business of the registers that have one.
        "setattr -unset init",
        "opt -nosdff",
        # Twice: widths shrink from the outputs inward. Fine-grained `opt` must wait: it cuts the low bits off
        # sums, after which `alumacc` no longer recognizes a chain of them.
        *("wreduce", "opt_clean") * 2,
        "peepopt",
        "opt_clean",
        "memory -nomap",
        "memory_map",
        "alumacc",
        "share",
        "opt -nosdff",
        "maccmap",
        "opt -nosdff -fast",
        "techmap",
        "opt -nosdff -fast -full",
        "opt_clean",
    ]
    if gates:
        script += [
            "dfflegalize -cell $_DFF_P_ x -cell $_DFFE_PP_ x",
            "techmap -map enables.v",
            "opt_merge -share_all",
            "techmap -map clock_gate_cells.v",
            "opt_clean",
        ]
    script += [*registers.COMMANDS, "dfflibmap -liberty cells.lib", "opt -nosdff -fast"]
    constraints = " -constr constraints.abc" if library.buffer else ""
    script += [f"abc -liberty cells.lib{constraints} -D {period_ps:g} -script map.abc", "opt_clean"]
    if library.tie_high and library.tie_low:
        high, low = library.tie_high, library.tie_low
        script += [f"hilomap -hicell {high.name} {_output(high)} -locell {low.name} {_output(low)}"]
    script += ["splitnets -ports", "opt_clean", f"write_verilog -noattr -noexpr {NETLIST}"]
    (folder / "map.ys").write_text("\n".join(script) + "\n")
    run([yosys, "-s", "map.ys"], folder, "map.log")
    strengthen(folder / NETLIST, top, library)
    return folder / NETLIST


def cells_by_module(netlist: Path) -> dict[str, Counter[str]]:
    """For each module of a netlist, how often it instantiates what."""
    return {
        name: Counter(plain(kind) for kind, _, _ in INSTANCE.findall(text))
        for name, text in modules(netlist.read_text()).items()
    }


def _abc_script(library: Liberty) -> str:
    """Structural choices, then mapping; buffers for large fan-outs and sizing where the library has buffers."""
    script = ["strash", "&get -n", "&st", "&dch -f", "&nf", "&put"]
    if library.buffer:
        script += ["topo", "buffer -c", "topo", "upsize -c", "dnsize -c"]
    return "\n".join(script) + "\n"


def _output(cell) -> str:
    (pin,) = cell.functions
    return pin


def _reading(verilog: Sequence[Path], folder: Path) -> list[str]:
    """Commands that read the sources, from copies: Yosys in a sandbox sees nothing but its working folder."""
    commands = []
    for number, path in enumerate(verilog):
        copy = f"source_{number}_{re.sub(r'[^A-Za-z0-9.]', '_', path.name)}"
        shutil.copyfile(path, folder / copy)
        commands.append(f"read_verilog -sv {copy}")
    return commands
