"""Products on the whole array of `edge`: corners, extremes, the headline shapes, and those of a real training step."""

from pathlib import Path

import pytest

from pinta_hw.spec.experiment import load_experiment
from pinta_hw.spec.presets import load_config
from tb.gemm.cases import corner_cases, extreme_cases, headline_cases
from tb.gemm.check import check
from tb.gemm.replay import training_step_cases
from tb.harness.session import harness_design
from tb.runner import build

POISSON = Path(__file__).parents[2] / "experiments" / "poisson2d.yaml"
SEED = 1


@pytest.mark.slow
@pytest.mark.parametrize("cases", ["corners", "headlines", "training step"])
def test_products_on_edge(cases: str) -> None:
    print("seed", SEED)
    edge = load_config("edge")
    chosen = {
        "corners": lambda: corner_cases(edge, SEED) + extreme_cases(SEED),
        "headlines": lambda: headline_cases(SEED),
        "training step": lambda: training_step_cases(load_experiment(POISSON), 5),
    }[cases]()
    result = check(build(harness_design(edge), checks=False), edge, chosen, cases.replace(" ", "-"))
    assert all(case.passed for case in result.cases), [case.name for case in result.cases if not case.passed]
