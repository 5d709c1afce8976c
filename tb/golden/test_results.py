"""Kept results as reports read them."""

import json
from pathlib import Path

import pytest

from golden.results import kept_accuracies
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment, load_experiment

ROOT = Path(__file__).parents[2]


@pytest.fixture
def experiment() -> Experiment:
    return load_experiment(ROOT / "experiments" / "poisson2d-256.yaml")


def write(folder: Path, name: str, row: str, error: float | None, steps: int = 9, hidden: tuple[int, ...] = (256,) * 3):
    content = {
        "row": row,
        "result": {"steps": steps, "relative_l2": error, "trivial_l2": 0.5},
        "experiment": {"problem": {"name": "poisson2d"}, "network": {"hidden": hidden}},
    }
    (folder / f"{name}.json").write_text(json.dumps(content))


def test_rows_are_medians_over_their_seeds(experiment: Experiment, tmp_path: Path) -> None:
    for seed, error in enumerate((0.3, 0.1, 0.2)):
        write(tmp_path, f"a{seed}", "ours", error)
    write(tmp_path, "b", "AD", 0.05)
    write(tmp_path, "c", "AD", 0.5, steps=3)
    write(tmp_path, "d", "AD", None)
    write(tmp_path, "e", "AD", 0.01, hidden=(8, 8))
    (tmp_path / "study.json").write_text("[1, 2]")
    found = kept_accuracies(tmp_path, experiment)
    assert [(one.method, one.relative_l2, one.steps, one.seeds) for one in found] == [
        ("AD", 0.05, 9, 1),
        ("ours", 0.2, 9, 3),
        ("AD", 0.5, 3, 1),
    ]
    assert found[1].files == ("a0.json", "a1.json", "a2.json")


def test_committed_results_are_read(experiment: Experiment) -> None:
    methods = {one.method for one in kept_accuracies(ROOT / "docs" / "results" / "data", experiment)}
    assert {"FP32 dense AD", "ours, rank 8"} <= methods


@pytest.mark.parametrize("content", ["{", "{}", '{"experiment": 3}'])
def test_what_is_no_result_is_refused(content: str, experiment: Experiment, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(UserError, match="x.json: is no result; allowed: files that `pinta accuracy` wrote"):
        kept_accuracies(tmp_path, experiment)
