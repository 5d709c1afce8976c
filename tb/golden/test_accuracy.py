"""The accuracy table: what its file may say, what is kept, and that nothing kept is trained again."""

import json
from pathlib import Path

import pytest
import yaml

from golden import accuracy
from golden.run import Run, RunResult
from pinta_hw.spec.accuracy import load_table
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Jet, Perturbations, load_experiment

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
SMALL = {"interior": 5, "boundary": 4, "steps": 2, "test_points": 50, "micro_batch": 20}


def small_table(folder: Path, **row: object) -> Path:
    """A table of one small experiment in two rows."""
    content = load_experiment(EXPERIMENTS / "poisson2d.yaml").model_dump(mode="json", exclude_unset=True)
    content["network"]["hidden"] = [8, 8]
    content["training"] |= SMALL | {"steps": 4}
    (folder / "poisson2d.yaml").write_text(yaml.safe_dump(content))
    rows = [
        {"name": "ours", "seeds": [0, 1, 2]},
        {"name": "other", "changes": {"precision": {"weights": 4}}, **row},
    ]
    table = {"experiments": ["poisson2d.yaml"], "changes": {"poisson2d": {"training": {"steps": 2}}}, "rows": rows}
    path = folder / "table.yaml"
    path.write_text(yaml.safe_dump(table))
    return path


def test_the_table_of_the_repository() -> None:
    cells = load_table(EXPERIMENTS / "tables" / "accuracy.yaml")
    assert len(cells) == 6
    for name, row in cells.items():
        by_name = {cell.row.name: cell.runs[0] for cell in row}
        shortened = [cell for cell in row if cell.row.shortened]
        assert len({one.training.steps for cell in shortened for one in cell.runs}) <= 1
        assert len({one.training.steps for cell in row if not cell.row.shortened for one in cell.runs}) == 1
        assert all(cell.runs[0].training.steps == cell.full_steps for cell in row if not cell.row.shortened) or (
            "hjb" in name
        )
        reference, ours = (by_name[kind] for kind in ("FP32 dense AD", "ours"))
        assert reference.network.tt is None and isinstance(ours.estimator, Jet)
        assert ours.network.tt is not None
        assert ("ours, dense" in by_name) == (name == "poisson2d-256")
        if not shortened:
            continue
        stein, published = (by_name[f"{kind}, shortened"] for kind in ("FP32 dense Stein", "published method"))
        assert {f"{kind}, shortened" for kind in ("FP32 dense AD", "ours")} < set(by_name)
        assert isinstance(stein.estimator, Perturbations) and stein.precision.arithmetic == "fp32"
        assert isinstance(published.estimator, Perturbations) and published.estimator.name == "diffquant"
        assert (published.precision.activations, published.precision.gradients) == (8, 12)
        pairs, sigma = (512 if "poisson" in name else 1024), (0.1 if "hjb" in name else 0.01)
        for one in (stein.estimator, published.estimator):
            assert (one.count, one.sigma, one.directions) == (pairs, sigma, "gaussian")


def test_results_are_kept_and_not_trained_again(tmp_path: Path) -> None:
    cells = load_table(small_table(tmp_path))
    results, runs = tmp_path / "data", tmp_path / "runs"
    todo = accuracy.missing(cells, results)
    assert [(cell.row.name, one.training.seed) for cell, one in todo] == [
        ("ours", 0),
        ("other", 0),
        ("ours", 1),
        ("ours", 2),
    ]
    assert "| ours | | | 2 of 4 | | | not run |" in accuracy.markdown(cells, results, "x")
    trained: list[RunResult] = []

    def execute(run: Run) -> RunResult:
        trained.append(run.run())
        return trained[-1]

    for cell, one in (todo[0], todo[2]):
        accuracy.train(cell, one, results, runs, execute)
    assert len(accuracy.missing(cells, results)) == 2
    page = accuracy.markdown(cells, results, "x")
    low, high = sorted(result.relative_l2 for result in trained)
    assert f"| 2 of 3 | {low:.2g} ({low:.2g} to {high:.2g}) |" in page
    assert "| ours | 105 | 24 | 2 of 4 |" in page and "`mean`: 0.19" in page
    # Another experiment under the same name has no result.
    changed = load_table(small_table(tmp_path, changes={"training": {"learning_rate": 0.01}}))
    assert len(accuracy.missing(changed, results)) == 2
    one = todo[0][1]
    path = accuracy.result_path(results, one, None)
    content = json.loads(path.read_text())
    assert content["first_step"] == accuracy.first_step(one, None) != accuracy.first_step(todo[2][1], None)
    assert accuracy.first_step(one, "ad") is None
    assert content["result"]["relative_l2"] == trained[0].relative_l2
    content["superseded"] = "by another order of additions"
    path.write_text(json.dumps(content))
    left = accuracy.missing(cells, results)
    assert [(cell.row.name, todo.training.seed) for cell, todo in left] == [("other", 0), ("ours", 2), ("ours", 0)]
    assert " †" in accuracy.markdown(cells, results, "x").partition("| ours |")[2].partition("\n")[0]
    accuracy.train(*left[-1], results, runs, execute)
    assert json.loads(path.read_text()).keys() == content.keys() - {"superseded"}
    content["result"]["digest"] = "0"
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match="is the result of another experiment"):
        accuracy.kept(results, one, None)
    path.write_text("{}")
    with pytest.raises(UserError, match="is no result; allowed"):
        accuracy.kept(results, one, None)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"of": {"heat": {}}}, "experiment 'heat' is not in the table; allowed: poisson2d"),
        ({"only": ["heat"]}, "experiment 'heat' is not in the table; allowed: poisson2d"),
        ({"changes": {"training": {"stepz": 3}}}, "row 'other' of poisson2d: training.stepz: there is no such key"),
        ({"baseline": "da"}, "rows.1.baseline: \"da\" is not possible; allowed: 'ad' or 'forward-laplacian'"),
        ({"seeds": []}, "rows.1.seeds: [] is not possible"),
    ],
)
def test_mistakes_in_a_table(tmp_path: Path, row: dict[str, object], told: str) -> None:
    with pytest.raises(UserError) as caught:
        load_table(small_table(tmp_path, **row))
    assert told in str(caught.value) and "\n" not in str(caught.value)
