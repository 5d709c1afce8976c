"""Products on the RTL of the machine: corners, extremes, the headline shapes, and those of a real training step."""

from pathlib import Path

import pytest

from pinta_hw.spec.experiment import load_experiment
from pinta_hw.spec.presets import load_config
from tb.gemm.cases import corner_cases, extreme_cases, headline_cases
from tb.gemm.check import check
from tb.gemm.replay import training_step_cases
from tb.machine.design import machine_design
from tb.machine.programs import HARNESS_BYTES
from tb.runner import build

POISSON = Path(__file__).parents[2] / "experiments" / "poisson2d.yaml"
SEED = 1


@pytest.mark.parametrize(
    ("preset", "cases"),
    [
        ("tiny", "corners"),
        *(pytest.param("edge", cases, marks=pytest.mark.slow) for cases in ("corners", "headlines", "training step")),
    ],
)
def test_products(preset: str, cases: str) -> None:
    print("seed", SEED)
    config = load_config(preset)
    chosen = {
        "corners": lambda: corner_cases(config, SEED) + (extreme_cases(SEED) if preset == "edge" else []),
        "headlines": lambda: headline_cases(SEED),
        "training step": lambda: training_step_cases(load_experiment(POISSON), 5),
    }[cases]()
    result = check(build(machine_design(config, HARNESS_BYTES)), config, chosen, cases.replace(" ", "-"))
    print(*(f"{case.name}: {100 * case.utilization:.1f} %" for case in result.cases), sep="\n")
    assert len(result.cases) == len(chosen)
    assert result.passed, [case for case in result.cases if not case.passed] or result
