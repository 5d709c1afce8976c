"""`pinta train`, `eval`, `plot` and `accuracy` as their user meets them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWN = """
from sympy import cos
from golden.problems import Condition, Pde

def residual(x, t, u, u_t, grad_u, lap_u):
    return u_t - lap_u + u * grad_u[0] - cos(x[0])

problem = Pde(
    space=1, time=True, residual=residual,
    conditions=[
        Condition("start", "initial", lambda x, t: 0, 2.0),
        Condition("edge", "boundary", lambda x, t: 0),
    ],
)
"""
EXPERIMENT = """\
name: own
problem: {name: user, file: own.py, weights: {edge: 3.0}}
network: {hidden: [8, 8], activation: tanh}
estimator: {name: jet}
training: {steps: 6, interior: 5, boundary: 4, test_points: 30}
"""


def pinta(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "COLUMNS": "120", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "pinta.main", *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)


def output_of(*arguments: str, cwd: Path) -> str:
    done = pinta(*arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "own.yaml").write_text(EXPERIMENT)
    return tmp_path


def test_train_eval_and_plot_of_an_own_equation(folder: Path) -> None:
    result = json.loads(output_of("train", "own.yaml", "--checkpoint-every", "4", "--json", cwd=folder))
    assert result["relative_l2"] is None and result["final_loss"] > 0
    assert result["steps"] == 6 and result["parameters"] == 2 * 8 + 8 + 8 * 8 + 8 + 8 + 1
    lines = [json.loads(line) for line in (folder / "runs/own/metrics.jsonl").read_text().splitlines()]
    assert lines[0]["losses"].keys() == {"residual", "start", "edge"}
    assert "6 steps" in output_of("train", "own.yaml", "--resume", cwd=folder)
    assert json.loads(output_of("eval", "runs/own", "--json", cwd=folder))["steps"] == 6
    assert "not known" in output_of("eval", "runs/own", cwd=folder)
    assert "solution.png" in output_of("plot", "runs/own", "--size", "9", cwd=folder)
    assert {path.name for path in (folder / "runs/own/plots").iterdir()} == {"curves.png", "solution.png"}
    for name in ("curves.png", "solution.png"):
        assert (folder / "runs/own/plots" / name).read_bytes().startswith(b"\x89PNG")


def test_accuracy_of_a_small_table(folder: Path) -> None:
    (folder / "table.yaml").write_text("experiments: [own.yaml]\nrows:\n  - name: ours\n")
    (folder / "two.yaml").write_text("experiments: [own.yaml]\nrows:\n  - {name: ours, seeds: [0, 4]}\n")
    assert "seed 4" in output_of("accuracy", "two.yaml", "--dry-run", cwd=folder)
    assert "seed 4" not in output_of("accuracy", "two.yaml", "--dry-run", "--seeds", "1", cwd=folder)
    assert "own, ours, seed 0, 6 steps" in output_of("accuracy", "table.yaml", "--dry-run", cwd=folder)
    where = ("--results", "data", "--runs", "runs", "--out", "page.md")
    assert "1 trained" in output_of("accuracy", "table.yaml", *where, cwd=folder)
    assert "0 trained" in output_of("accuracy", "table.yaml", *where, cwd=folder)
    assert "| ours | 105 |" in (folder / "page.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("train missing.yaml", ["missing.yaml", "cannot be read"]),
        ("train own.yaml --resume", ["runs/own", "holds no training to resume"]),
        ("train own.yaml --out occupied", ["occupied", "a new or empty folder"]),
        ("train own.yaml --baseline da", ["'da'", "ad, forward-laplacian"]),
        ("train own.yaml --checkpoint-every 0", ["checkpoint interval: 0", "1 step or more"]),
        ("eval occupied", ["occupied", "holds no training"]),
        ("plot occupied", ["occupied", "holds no training"]),
        ("plot occupied --format gif", ["'gif'", "png, pdf, svg"]),
        ("accuracy missing.yaml", ["missing.yaml", "cannot be read"]),
        ("train bad.yaml", ["bad.py", "sin is no supported operator", "allowed: +, -, *, /"]),
    ],
)
def test_a_mistake_is_one_line(arguments: str, named: list[str], folder: Path) -> None:
    (folder / "bad.py").write_text(OWN.replace("u * grad_u[0] - cos(x[0])", "sin(u)").replace("cos", "sin"))
    (folder / "bad.yaml").write_text(EXPERIMENT.replace("own.py", "bad.py"))
    (folder / "occupied").mkdir()
    (folder / "occupied" / "something").touch()
    before = sorted(folder.rglob("*"))
    done = pinta(*arguments.split(), cwd=folder)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1, done.stderr
    for text in named:
        assert text in done.stderr
    assert sorted(folder.rglob("*")) == before
