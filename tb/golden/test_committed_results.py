"""A sample of the results in `docs/results/data`, computed again: the documentation shows what the code gives."""

import json
from pathlib import Path

import pytest

from golden import accuracy
from golden.studies import precision
from pinta_hw.spec.accuracy import load_table
from pinta_hw.spec.experiment import Experiment, digest, load_experiment

ROOT = Path(__file__).parents[2]
DATA = ROOT / "docs" / "results" / "data"
SCREENED = DATA / "precision-poisson2d-tt.json"
SLOW_DIRECTIONS = 64
"""A first step with more of them takes many seconds."""


def contents() -> dict[Path, dict]:
    return {path: json.loads(path.read_text()) for path in sorted(DATA.glob("*.json")) if path != SCREENED}


def test_a_screened_precision_trains_to_the_same_error(tmp_path: Path) -> None:
    rows = json.loads(SCREENED.read_text())
    steps = min(row["steps"] for row in rows)
    (kept,) = (row for row in rows if row["steps"] == steps and precision.Training(**row).bits == precision.DEFAULT)
    experiment = load_experiment(ROOT / "experiments" / "poisson2d-tt.yaml")
    study = precision.Study(experiment, tmp_path / "again.json")
    study.run([precision.DEFAULT], steps, 1, lambda done, total: None)
    (again,) = json.loads((tmp_path / "again.json").read_text())
    # Every weight is the same; the last bit of the norm over all test points is the platform's.
    assert again.pop("relative_l2") == pytest.approx(kept.pop("relative_l2"), rel=1e-12)
    assert again == kept


@pytest.mark.parametrize("path", contents(), ids=lambda path: path.stem)
def test_the_first_step_of_a_result(path: Path) -> None:
    content = contents()[path]
    experiment = Experiment.model_validate(content["experiment"])
    assert content["result"]["digest"] == digest(experiment)
    assert path == accuracy.result_path(DATA, experiment, content["result"]["baseline"])
    if content["first_step"] is None or (experiment.estimator.count or 0) > SLOW_DIRECTIONS:
        return
    assert accuracy.first_step(experiment, content["result"]["baseline"]) == content["first_step"]


def test_no_result_is_stale() -> None:
    cells = load_table(ROOT / "experiments" / "tables" / "accuracy.yaml")
    shown = {
        accuracy.result_path(DATA, experiment, cell.row.baseline)
        for row in cells.values()
        for cell in row
        for experiment in cell.runs
    }
    assert contents().keys() <= shown
