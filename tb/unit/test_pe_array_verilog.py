"""The PE array's Verilog under the simulators, against the golden contraction, with gaps and stalls on every stream."""

import pytest

from pinta_hw.array.array import PeArray
from pinta_hw.spec.presets import load_config
from tb.runner import Design, build, run
from tb.tools import skip_without

TRAFFIC_PATTERNS = 4


@pytest.mark.parametrize(
    ("simulator", "preset", "every"),
    [
        ("verilator", "tiny", 1),
        pytest.param("verilator", "edge", 1, marks=pytest.mark.slow),
        pytest.param("icarus", "tiny", 5, marks=pytest.mark.slow),
    ],
)
def test_pe_array(simulator, preset, every):
    if simulator == "icarus":
        skip_without("iverilog")
    config = load_config(preset)
    compiled = build(Design.of_component(PeArray(config), f"pe_array_{preset}"), simulator)
    environment = {"PE_ARRAY_CONFIG": preset, "PE_ARRAY_EVERY": str(every)}
    assert run(compiled, "tb.cocotb.pe_array_bench", environment=environment).tests == TRAFFIC_PATTERNS
