"""A sample of the results in `docs/results/data`, computed again: the documentation shows what the code gives."""

import json
from pathlib import Path

import pytest

from golden import accuracy
from golden.train import Trainer
from pinta_hw.spec.accuracy import load_table
from pinta_hw.spec.experiment import Experiment, digest

ROOT = Path(__file__).parents[2]
DATA = ROOT / "docs" / "results" / "data"
TABLE = ROOT / "experiments" / "tables" / "accuracy.yaml"
SLOW_DIRECTIONS = 64
"""A first step with more of them takes many seconds."""


def contents() -> dict[Path, dict]:
    return {
        path: json.loads(path.read_text())
        for path in sorted(DATA.glob("*.json"))
        if not path.name.startswith("precision")
    }


def test_a_short_training_gives_its_result_again() -> None:
    (cell,) = (cell for cell in load_table(TABLE)["poisson2d-256"] if cell.row.name == "ours, shortened")
    (experiment,) = cell.runs
    kept = accuracy.kept(DATA, experiment, None)
    assert kept is not None
    result = Trainer(experiment).run()
    # Every weight is the same; the last bit of a norm over all test points is the platform's.
    assert result.relative_l2 == pytest.approx(kept.relative_l2, rel=1e-12)
    assert result.final_loss == kept.final_loss and result.steps == kept.steps == 50


@pytest.mark.parametrize("path", contents(), ids=lambda path: path.stem)
def test_the_first_step_of_a_result(path: Path) -> None:
    content = contents()[path]
    experiment = Experiment.model_validate(content["experiment"])
    assert content["result"]["digest"] == digest(experiment)
    assert path == accuracy.result_path(DATA, experiment, content["result"]["baseline"])
    if content["first_step"] is None or "superseded" in content or (experiment.estimator.count or 0) > SLOW_DIRECTIONS:
        return
    assert accuracy.first_step(experiment, content["result"]["baseline"]) == content["first_step"]


def test_no_result_is_stale() -> None:
    cells = load_table(TABLE)
    shown = {
        accuracy.result_path(DATA, experiment, cell.row.baseline)
        for row in cells.values()
        for cell in row
        for experiment in cell.runs
    }
    assert contents().keys() <= shown
