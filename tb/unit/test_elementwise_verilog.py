"""The elementwise unit's Verilog under Verilator against the golden model, with many steps."""

from pinta_hw.epilogue.elementwise import ElementwiseUnit
from tb.runner import Design, build, run

TRAFFIC_PATTERNS = 4


def test_elementwise():
    compiled = build(Design.of_component(ElementwiseUnit(), "elementwise"))
    finished = run(compiled, "tb.cocotb.elementwise_bench", environment={"ELEMENTWISE_STEPS": "1500"})
    assert finished.tests == TRAFFIC_PATTERNS
