"""Mapping a component of a study."""

from collections.abc import Callable
from pathlib import Path

from amaranth.lib import wiring

from rtl_gen.library import VerilogLibrary
from rtl_gen.synthesis import SynthesisResult, synthesize

Progress = Callable[[str], None]


def measure(component: wiring.Component, liberty: Path, work: Path) -> SynthesisResult:
    """Area and speed of a component at 1 GHz; Verilog, scripts and netlist stay in ``work``."""
    work.mkdir(parents=True, exist_ok=True)
    library = VerilogLibrary("study")
    library.add(component, "study")
    source = work / "study.v"
    source.write_text("\n".join(library.modules.values()))
    return synthesize(source, "study", liberty, work=work)
