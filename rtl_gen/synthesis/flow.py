"""Area and speed of a design before layout."""

import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pinta_hw.spec.errors import UserError

from . import liberty as liberty_file
from . import registers
from .mapping import cells_by_module, instances, map_to_cells, totals
from .timing import Activity, Timing, analyze
from .tools import find_sta, find_yosys, version

STA_MISSING = "OpenSTA (sta) is not on the search path: no timing, no power"


@dataclass(frozen=True)
class ModuleArea:
    """One module of the netlist.

    Parameters
    ----------
    name : str
    instances : int
        How often it occurs in the design.
    cells, flops : int
        Library cells in one instance, without the modules below it.
    area_um2 : float
        Of one instance, without the modules below it.
    """

    name: str
    instances: int
    cells: int
    flops: int
    area_um2: float


@dataclass(frozen=True)
class SynthesisResult:
    """A mapped design. Areas are sums of cells: no wiring, no clock tree, no utilization.

    Parameters
    ----------
    top : str
    area_um2 : float
        Of everything below ``top``, black boxes at the areas given for them.
    cells, flops : int
        Library cells, and the flip-flops among them.
    critical_path_ps : float or None
        Shortest clock period before layout, setup included; None without OpenSTA.
    critical_path_ends : tuple of str
        Registers, macros or ports where the longest path starts and ends.
    gates : tuple of (str, float)
        What holds the enables of gated clocks from the falling edge on, and what the longest path to each takes, in ps;
        it has half a period.
    power_mw, leakage_mw : float or None
        At ``period_ps``, if activities were given.
    period_ps : float
        The clock period aimed at.
    modules : tuple of ModuleArea
        Every module once, the largest share first.
    black_boxes : tuple of (str, int)
        Empty modules and how often they occur.
    liberty : str
        Name of the cell library.
    tools : tuple of str
        Programs and their versions.
    notes : tuple of str
        What the figures leave out.
    """

    top: str
    area_um2: float
    cells: int
    flops: int
    critical_path_ps: float | None
    critical_path_ends: tuple[str, ...]
    gates: tuple[tuple[str, float], ...]
    power_mw: float | None
    leakage_mw: float | None
    period_ps: float
    modules: tuple[ModuleArea, ...]
    black_boxes: tuple[tuple[str, int], ...]
    liberty: str
    tools: tuple[str, ...]
    notes: tuple[str, ...]


def synthesize(
    verilog: Sequence[Path] | Path,
    top: str,
    liberty: Path,
    *,
    period_ps: float = 1000.0,
    black_boxes: Mapping[str, float] | None = None,
    keep: Collection[str] | None = None,
    macro_libraries: Sequence[Path] = (),
    activities: Mapping[str, Activity] | None = None,
    work: Path | None = None,
) -> SynthesisResult:
    """Map a design to standard cells and time it.

    A module that is instantiated in more than one place is mapped once and counted as often as it occurs.

    Parameters
    ----------
    verilog : path or sequence of paths
    top : str
        Top module; its clock port is ``clk``.
    liberty : Path
        Cell library, ``.lib`` or ``.lib.gz``.
    period_ps : float
        Clock period to aim at.
    black_boxes : dict of str to float
        Modules to leave empty, such as memory banks, and the area of one in um2.
    keep : collection of str, optional
        Modules that stay modules; by default those that are instantiated in more than one place.
    macro_libraries : sequence of Path
        Liberty files (unpacked) of the black boxes, for timing.
    activities : dict of str to Activity, optional
        Switching of ports; if given, power is estimated.
    work : Path, optional
        Folder to keep scripts, logs and the netlist in.

    Raises
    ------
    UserError
        If a tool, a file or a module is missing, or a tool fails.
    """
    sources = [verilog] if isinstance(verilog, Path) else list(verilog)
    for path in (*sources, *macro_libraries):
        if not path.is_file():
            raise UserError(f"synthesis: {path} is not a file")
    areas = dict(black_boxes or {})
    yosys, sta = find_yosys(), find_sta()
    with tempfile.TemporaryDirectory() as temporary, liberty_file.opened(liberty) as library:
        folder = work or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        tree = instances(sources, top, folder, yosys)
        for name in (*areas, *(keep or ())):
            if name not in tree:
                raise UserError(f"synthesis: module {name!r} does not occur under {top}; there are: {', '.join(tree)}")
        reached = totals({module: below for module, below in tree.items() if module not in areas}, top)
        sites = sum((tree[module] for module in reached if module not in areas), Counter())
        shared = [module for module, count in sites.items() if count > 1 and module not in areas]
        netlist = map_to_cells(
            sources, top, library, folder, yosys, period_ps, shared if keep is None else keep, tuple(areas)
        )
        mapped = cells_by_module(netlist)
        counts = totals(mapped, top)
        ends: tuple[str, ...] = ()
        gates: tuple[tuple[str, float], ...] = ()
        timing: Timing | None = None
        if sta:
            latch = library.low_latch.name if library.low_latch else None
            latches = sum(counts[name] * cells[latch] for name, cells in mapped.items()) if latch else 0
            timing = analyze(netlist, top, library, folder, sta, period_ps, latches, macro_libraries, activities)
            names = registers.Names(top, netlist.read_text(), (folder / registers.FILE).read_text())
            ends = tuple(names.described(pin) for pin in (timing.start, timing.end))
            gates = tuple((names.described(path.end), path.period_ps / 2) for path in timing.gates)
        tools = tuple(version(program, folder) for program in (yosys, sta) if program)
        modules = tuple(
            ModuleArea(
                name=name,
                instances=counts[name],
                cells=sum(count for cell, count in cells.items() if cell in library.cells),
                flops=sum(count * library.cells[cell].flops for cell, count in cells.items() if cell in library.cells),
                area_um2=sum(
                    count * library.cells[cell].area_um2 for cell, count in cells.items() if cell in library.cells
                ),
            )
            for name, cells in mapped.items()
            if counts[name] and name not in areas
        )
    boxes = tuple((name, counts[name]) for name in sorted(areas))
    return SynthesisResult(
        top=top,
        area_um2=sum(m.instances * m.area_um2 for m in modules) + sum(areas[name] * count for name, count in boxes),
        cells=sum(m.instances * m.cells for m in modules),
        flops=sum(m.instances * m.flops for m in modules),
        critical_path_ps=timing.critical_path_ps if timing else None,
        critical_path_ends=ends,
        gates=gates,
        power_mw=timing.power_mw if timing else None,
        leakage_mw=timing.leakage_mw if timing else None,
        period_ps=period_ps,
        modules=tuple(sorted(modules, key=lambda m: -m.instances * m.area_um2)),
        black_boxes=boxes,
        liberty=library.name,
        tools=tools,
        notes=("before layout: no wires, ideal clock, no clock tree", *(() if sta else (STA_MISSING,))),
    )
