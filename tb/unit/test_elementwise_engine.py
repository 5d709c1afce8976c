"""The elementwise unit on whole tensors, as Verilog under Verilator: every result and every cycle."""

import pytest

from pinta_hw.spec.presets import load_config
from tb.elementwise_bed import ElementwiseBed
from tb.runner import Design, build, run

TESTS = 3


@pytest.mark.parametrize(("preset", "cases"), [("tiny", 60), pytest.param("edge", 150, marks=pytest.mark.slow)])
def test_instructions(preset, cases):
    compiled = build(Design.of_component(ElementwiseBed(load_config(preset)), f"elementwise_bed_{preset}"))
    environment = {"ELEMENTWISE_CONFIG": preset, "ELEMENTWISE_CASES": str(cases)}
    assert run(compiled, "tb.cocotb.elementwise_engine_bench", environment=environment).tests == TESTS
