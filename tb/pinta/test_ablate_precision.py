"""``pinta ablate precision``: the front, what is kept, and the page."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from golden.studies import precision as study
from pinta.commands.ablate import app
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import load_experiment

SMALL = """\
name: small
problem: {name: poisson2d}
network: {hidden: [8], tt: {rank: 2, modes: 2, schedule: prs}}
estimator: {name: jet}
training: {steps: 2, interior: 4, boundary: 4, test_points: 20}
"""


def choice(cycles: int, error: float) -> study.Choice:
    return study.Choice((8, 8, 8), cycles, (error,))


def test_the_front() -> None:
    cheap, better, equal, worse, slightly = (
        choice(cycles, error) for cycles, error in ((10, 0.5), (20, 0.1), (30, 0.1), (40, 0.3), (30, 0.095))
    )
    among = [worse, equal, slightly, better, cheap]
    assert study.front(among) == [cheap, better, slightly]


def test_what_suffices() -> None:
    widest = study.Choice(study.WIDEST, 90, (0.1, 0.2, 0.4))
    cheap, dear, bad = choice(10, 0.4), choice(80, 0.1), choice(20, 0.5)
    assert study.sufficient([widest, bad, dear, cheap]) == [cheap, dear, widest]


def test_cycles_a_block_are_those_of_the_design() -> None:
    assert study.block_cycles((8, 8, 12)) == (2, 3, 3)
    assert study.block_cycles((12, 8, 12)) == (3, 3, 6)
    assert study.block_cycles((12, 8, 8)) == (3, 2, 3)
    assert study.block_cycles((12, 8, 4)) == (3, 1, 2)
    assert len(study.combinations()) == 64


def test_a_study_goes_on_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    experiment, path = load_experiment(tmp_path / "small.yaml"), tmp_path / "kept" / "study.json"
    bits = [(8, 8, 12), (12, 8, 8)]
    told: list[tuple[int, int]] = []
    first = study.Study(experiment, path).run(bits[:1], 1, 1, lambda done, total: told.append((done, total)))
    assert told == [(0, 1), (1, 1)] and first[0].bits == bits[0] and first[0].digit_cycles > 0
    rows = json.loads(path.read_text())
    rows[0]["relative_l2"] = None
    path.write_text(json.dumps(rows))
    again = study.Study(experiment, path).run(bits, 1, 1, lambda done, total: None)
    assert again[0].error == float("inf") and 0 < again[1].error < 10
    assert len(study.Study(experiment, path).run(bits, 1, 2, lambda done, total: None)[1].errors) == 2
    path.write_text("{}")
    with pytest.raises(UserError, match=r"is no result of this study; allowed: a file that it wrote, or none"):
        study.Study(experiment, path)


def test_the_page_and_its_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    monkeypatch.setattr(study, "combinations", lambda: [(8, 8, 12), (4, 4, 4), (16, 16, 16)])
    arguments = ["precision", str(tmp_path / "small.yaml"), "--part", "2", "--seeds", "2"]
    arguments += ["--results", str(tmp_path), "--out", str(tmp_path)]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    page = (tmp_path / "precision-small.md").read_text()
    assert "| 8 / 8 / 12 | 2 + 3 + 3 | 1.00 |" in page and "2 steps, median (range) over 2 seeds" in page
    assert (tmp_path / "precision-small.svg").read_text().startswith("<?xml")
