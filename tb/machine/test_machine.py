"""The whole machine under Verilator: programs, errors, resets, against the golden machine."""

import pytest

from pinta_hw.spec.presets import load_config
from tb.machine.design import machine_design
from tb.machine.programs import MEMORY_BYTES
from tb.runner import build, run


@pytest.mark.parametrize("preset", ["tiny", pytest.param("edge", marks=pytest.mark.slow)])
def test_machine(preset):
    compiled = build(machine_design(load_config(preset), MEMORY_BYTES))
    memory = compiled.folder / "memory.hex"
    run(
        compiled,
        "tb.machine.machine_bench",
        environment={"PINTA_PRESET": preset, "PINTA_IMAGE": str(memory)},
        plusargs=[f"+image={memory}"],
    )
