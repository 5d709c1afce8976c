"""The machine inside ``harness.v``."""

import re
from pathlib import Path

from pinta_hw.machine import Machine
from pinta_hw.spec.config import AcceleratorConfig
from rtl_gen.verilog import modules
from tb.runner import Design

_FOLDER = Path(__file__).parent
_SIGNAL = re.compile(r"\b(?:s_axil|x_axi)_[a-z]+\b")


def machine_design(config: AcceleratorConfig, memory_bytes: int = 1 << 20) -> Design:
    """A machine, its clock, and its memory; only the ports' signals are visible to Python."""
    name = f"pinta_{config.name}"
    sources = {f"{module}.v": text for module, text in modules(Machine(config), name).items()}
    harness = (_FOLDER / "harness.v").read_text()
    sources["axi_memory.v"] = (_FOLDER / "axi_memory.v").read_text()
    sources["machine_harness.v"] = harness.replace("`DUT", name)
    public = ["clk", "rst", "free", "outside", "latency", "load", "dump", "irq"]
    public += sorted(set(_SIGNAL.findall(harness)))
    return Design("machine_harness", sources, tuple(public), {"MEMORY_BEATS": memory_bytes // 16})
