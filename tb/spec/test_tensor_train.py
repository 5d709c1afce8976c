"""The tensor-train section of an experiment: what it accepts and the one line it answers a mistake with."""

from pathlib import Path

import pytest

from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import load_experiment

TT = Path(__file__).parents[2] / "experiments" / "poisson2d-tt.yaml"


def edited(tmp_path: Path, old: str, new: str) -> Path:
    text = TT.read_text()
    assert old in text
    path = tmp_path / "edited.yaml"
    path.write_text(text.replace(old, new))
    return path


def layers(*entries: str) -> str:
    return "schedule: prs\n    layers: [" + ", ".join(entries) + "]"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "rank: 8",
            "rank: 0",
            "network.tt.rank: 0 is not possible; allowed: 1 or more, or a list with one between every two cores",
        ),
        (
            "rank: 8",
            "rank: [x]",
            "network.tt.rank: ['x'] is not possible; allowed: 1 or more, or a list with one between every two cores",
        ),
        (
            "rank: 8",
            "rank: [2, 2]",
            "network: tt.rank: 2 ranks; allowed: 7, one between every two of 8 cores",
        ),
        (
            "schedule: prs",
            "schedule: pr",
            "network.tt.schedule: \"pr\" is not possible; allowed: 'prs', 'sequential' or 'full'",
        ),
        (
            "modes: 4 ",
            "modes: 0 ",
            "network.tt.modes: 0 is not possible; allowed: greater than or equal to 1",
        ),
        (
            "schedule: prs",
            "mode: 3",
            "network.tt.mode: there is no such key; allowed: layers, modes, rank, schedule",
        ),
        (
            "schedule: prs",
            layers("{}", "{}"),
            "network: tt.layers: 2 entries; allowed: one for each of 3 hidden layers",
        ),
        (
            "schedule: prs",
            layers("{}", "{row_modes: [4, 60]}", "{}"),
            "network: tt.layers.1.row_modes: [4, 60] multiply to 240; allowed: modes that give the layer's width, 256",
        ),
        (
            "schedule: prs",
            layers("{}", "{}", "{column_modes: [3, 3]}"),
            "network: tt.layers.2.column_modes: [3, 3] multiply to 9; allowed: modes that give the width before, 256",
        ),
        (
            "schedule: prs",
            layers("{rank: [1, 2, 3]}", "{}", "{}"),
            "network: tt.layers.0.rank: 3 ranks; allowed: 7, one between every two of 8 cores",
        ),
        (
            "tt_intermediate: 12",
            "tt_intermediate: 10",
            "precision.tt_intermediate: 10 is not possible; allowed: 4, 8, 12 or 16",
        ),
    ],
)
def test_wrong_sections(tmp_path: Path, old: str, new: str, expected: str) -> None:
    path = edited(tmp_path, old, new)
    with pytest.raises(UserError) as caught:
        load_experiment(path)
    assert str(caught.value) == f"{path}: {expected}"


def test_own_layers(tmp_path: Path) -> None:
    own = layers("{dense: true}", "{row_modes: [16, 16], column_modes: [2, 128], rank: [4, 3, 2]}", "{rank: 2}")
    tt = load_experiment(edited(tmp_path, "schedule: prs", own)).network.tt
    assert tt is not None and tt.layer(0).dense and not tt.layer(1).dense
    assert [tt.rank_of(i) for i in range(3)] == [8, (4, 3, 2), 2]
    assert tt.layer(1).row_modes == (16, 16)


def test_precisions_of_layers() -> None:
    precision = load_experiment(TT).precision
    assert precision.for_layer(0, 4) is precision
    assert precision.model_copy(update={"tt_intermediate": None}).bits_of("tt_intermediate") == 12
