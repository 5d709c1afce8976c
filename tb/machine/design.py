"""The machine inside ``harness.v``."""

import re
from pathlib import Path

from pinta_hw.machine import Machine
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.real_memory import REAL_BANKS, REAL_GROUPS
from rtl_gen.verilog import modules
from tb.runner import Design

_FOLDER = Path(__file__).parent
_SIGNAL = re.compile(r"\b(?:s_axil|x_axi)_[a-z]+\b")


def machine_design(config: AcceleratorConfig, memory_bytes: int = 1 << 20) -> Design:
    """A machine, its clock, and its memory; only the ports' signals are visible to Python."""
    name = f"pinta_{config.name}"
    verilog = modules(Machine(config), name)
    sources = {f"{module}.v": text for module, text in verilog.items()}
    harness = (_FOLDER / "harness.v").read_text()
    dumps = [f'$writememh("{file}", dut.{path});' for file, path in bank_files(config).items()]
    sources["axi_memory.v"] = (_FOLDER / "axi_memory.v").read_text()
    sources["machine_harness.v"] = harness.replace("`DUT", name).replace("`DUMP_STATE", "\n    ".join(dumps))
    public = ["clk", "rst", "free", "outside", "latency", "load", "dump", "dump_state", "irq"]
    public += sorted(set(_SIGNAL.findall(harness)))
    # Sixteen of them a lane: what fills each with its numbers is most of the machine's code otherwise.
    tables = tuple(module for module in verilog if "_table_rom" in module)
    return Design("machine_harness", sources, tuple(public), {"MEMORY_BEATS": memory_bytes // 16}, tables)


def bank_files(config: AcceleratorConfig) -> dict[str, str]:
    """The file that each bank is written to, and its place in the machine; a line of hexadecimal a word."""
    files = {}
    for group in range(config.groups):
        for bank in range(config.banks):
            files[f"scratchpad_{group}_{bank}.hex"] = f"scratchpad.bank_{group}_{bank}.cells"
    for group in range(REAL_GROUPS):
        for bank in range(REAL_BANKS):
            files[f"real_{group}_{bank}.hex"] = f"real_memory.group_{group}.bank_{bank}.cells"
    return files
