"""``pinta verilog``: the machine's RTL."""

from rich.console import Console

from pinta import output
from pinta.options import OutFolder, Preset
from pinta_hw.machine import Machine
from pinta_hw.spec.presets import load_config
from rtl_gen.verilog import generate


def verilog(out: OutFolder, preset: Preset = "edge") -> None:
    """Write synthesizable Verilog, a file list, constraints, a FuseSoC core file and a manifest; a minute or two.

    The same configuration gives the same bytes. The registers' map is what `pinta registers` prints.

    Example: `pinta verilog --preset edge --out build/edge`
    """
    config = load_config(preset)
    console = Console(stderr=True)
    with output.folder(out, proof="manifest.json") as staging, console.status("writing Verilog"):
        files = generate(Machine(config), f"pinta_{config.name}", config, staging)
    console.print(f"{len(files)} files in {out}, top module pinta_{config.name}", highlight=False)
