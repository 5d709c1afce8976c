"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Preset = Annotated[
    str, typer.Option("--preset", help="Accelerator: `tiny`, `edge`, `large`, or the path of an own YAML file.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]
OutFolder = Annotated[
    Path, typer.Option("--out", help="Folder to write. It appears whole or not at all; an earlier result is replaced.")
]
EnergyTable = Annotated[
    str, typer.Option("--energy-table", help="Energies: a table of the package, or the path of an own YAML file.")
]
OtherPreset = Annotated[
    str | None,
    typer.Option("--preset", help="Accelerator: a preset or a YAML file; the experiment's own if absent."),
]
MemoryLatency = Annotated[int, typer.Option("--memory-latency", min=1, help="Cycles of the memory at the AXI port.")]
