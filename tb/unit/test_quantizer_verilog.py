"""The quantizer's Verilog under the simulators, against the golden model, with many blocks."""

import pytest

from pinta_hw.results.quantizer import Quantizer
from tb.runner import Design, build, run
from tb.tools import skip_without

TRAFFIC_PATTERNS = 4


@pytest.mark.parametrize(
    ("simulator", "blocks"), [("verilator", 4000), pytest.param("icarus", 300, marks=pytest.mark.slow)]
)
def test_quantizer(simulator, blocks):
    if simulator == "icarus":
        skip_without("iverilog")
    compiled = build(Design.of_component(Quantizer(), "quantizer"), simulator)
    finished = run(compiled, "tb.cocotb.quantizer_bench", environment={"QUANTIZER_BLOCKS": str(blocks)})
    assert finished.tests == TRAFFIC_PATTERNS
