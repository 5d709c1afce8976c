"""``pinta bench`` of the golden models."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from golden.studies import speed
from pinta.main import app
from pinta_hw.spec.errors import UserError
from tb import cost_models

SMALL = """\
name: small
problem: {name: hjb20d}
network: {hidden: [16], activation: sin}
estimator: {name: jet}
training: {steps: 2, interior: 8, test_points: 20}
"""


def test_the_golden_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "SIDE", 16)
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    arguments = ["bench", "--no-simulators", "--no-models", "--experiment", str(path)]
    done = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    content = json.loads(done.stdout)
    assert content["simulators"] == []
    quantize, *products, step = content["golden"]
    assert quantize["target_seconds"] == 0.012 and [one["target_seconds"] for one in products] == [1.0, 1.0]
    assert step["name"] == "jet step of small, 8 points, tensor trains of rank 8" and step["target_ratio"] == 4.0
    for one in content["golden"]:
        assert 0 < one["seconds"] < 60 and one["ratio"] == one["seconds"] / one["beside_seconds"]
    text = CliRunner().invoke(app, arguments, catch_exceptions=False).stdout
    assert "Golden models" in text and "Simulation" not in text


def test_the_cost_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost_models, "ESTIMATES", 2)
    monkeypatch.setattr(cost_models, "SCALE_SIM", "print('seconds 12.5')")
    sweep = tmp_path / "sweep.yaml"
    base = Path(__file__).parents[2] / "experiments" / "poisson2d-edge.yaml"
    sweep.write_text(
        f"name: two\nexperiments: [{base}]\nparameters:\n  accelerator.groups: [8, 12]\nobjectives: [cycles]\n"
    )
    arguments = ["bench", "--no-simulators", "--no-golden", "--sweep", str(sweep), "--scale-sim", sys.executable]
    done = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    *products, point = json.loads(done.stdout)["cost models"]
    assert [one["beside_seconds"] for one in products] == [12.5, 12.5]
    assert all(0 < one["seconds"] < 1 and one["target_seconds"] == 50e-6 for one in products)
    assert "of 2," in point["name"] and point["beside"] is None and point["target_seconds"] == 6e-4
    assert "Cost models" in CliRunner().invoke(app, arguments, catch_exceptions=False).stdout


@pytest.mark.parametrize("python", ["no-such-python", sys.executable])
def test_a_python_without_the_simulator_is_one_line(python: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost_models, "ESTIMATES", 1)
    arguments = ["bench", "--no-simulators", "--no-golden", "--scale-sim", python]
    with pytest.raises(UserError, match=f"^--scale-sim: {python}: .*; allowed: a Python with scalesim"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_targets() -> None:
    def met(**changes: float | None) -> bool:
        plain = {"seconds": 2.0, "target_seconds": None, "beside_seconds": 1.0, "target_ratio": None}
        return speed.Speed(name="", beside="", **{**plain, **changes}).met

    assert met() and met(target_seconds=2.0) and met(target_ratio=2.0)
    assert not met(target_seconds=1.9) and not met(target_ratio=1.9) and not met(target_seconds=2.0, target_ratio=1.0)
