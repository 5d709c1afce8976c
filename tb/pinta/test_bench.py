"""``pinta bench`` of the golden models."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from golden.studies import speed
from pinta.main import app

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
    arguments = ["bench", "--no-simulators", "--experiment", str(path)]
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


def test_targets() -> None:
    def met(**changes: float | None) -> bool:
        plain = {"seconds": 2.0, "target_seconds": None, "beside_seconds": 1.0, "target_ratio": None}
        return speed.Speed(name="", beside="", **{**plain, **changes}).met

    assert met() and met(target_seconds=2.0) and met(target_ratio=2.0)
    assert not met(target_seconds=1.9) and not met(target_ratio=1.9) and not met(target_seconds=2.0, target_ratio=1.0)
