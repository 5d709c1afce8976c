"""Every mistake in a YAML file is one line that names the key, the value and what is allowed."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from pinta_hw.spec import yaml_file
from pinta_hw.spec.config import Grouping
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import load_experiment
from pinta_hw.spec.presets import load_config, preset_names

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


def edited(tmp_path: Path, old: str, new: str) -> Path:
    """A copy of the Poisson experiment with one edit."""
    text = (EXPERIMENTS / "poisson2d.yaml").read_text()
    assert old in text
    path = tmp_path / "edited.yaml"
    path.write_text(text.replace(old, new))
    return path


def message(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_experiment(path)
    text = str(caught.value)
    assert "\n" not in text and text.startswith(str(path))
    return text.removeprefix(f"{path}: ")


@pytest.mark.parametrize("path", sorted(EXPERIMENTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_experiments_load(path: Path) -> None:
    assert load_experiment(path).name == path.stem


def test_presets_load() -> None:
    assert preset_names() == ["edge", "large", "tiny"]
    for name in preset_names():
        assert load_config(name).name == name
    edge = load_config("edge")
    assert edge.groupings == (Grouping(8, 2), Grouping(2, 8), Grouping(16, 1))
    assert edge.units == 16 and edge.scratchpad_bytes == 1536 * 1024


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("  steps: 1000", "  stepz: 1000", "training.steps: missing; it has no default (and 1 more)"),
        (
            "hidden:",
            "layers: 3\n  hidden:",
            "network.layers: there is no such key; allowed: activation, hidden, tt",
        ),
        ("steps: 1000", "steps: many", 'training.steps: "many" is not possible; allowed: a valid integer'),
        ("steps: 1000", 'steps: "1000"', 'training.steps: "1000" is not possible; allowed: a valid integer'),
        ("steps: 1000", "steps: 0", "training.steps: 0 is not possible; allowed: greater than or equal to 1"),
        ("weights: 8", "weights: 7", "precision.weights: 7 is not possible; allowed: 4, 8, 12 or 16"),
        (
            "name: jet",
            "name: jot",
            "estimator.name: \"jot\" is not possible; allowed: 'jet', 'stein', 'diffquant', 'parity'",
        ),
        ("[64, 64, 64]", "[64, x]", 'network.hidden.1: "x" is not possible; allowed: a valid integer'),
        (
            "accelerator: edge",
            "accelerator: huge",
            "accelerator: accelerator 'huge' is not known; allowed: edge, large, tiny, or a path to a YAML file",
        ),
        ("name: poisson2d\nproblem", "name: a\nname: b\nproblem", "line 3: key 'name' given twice; allowed: YAML"),
    ],
)
def test_wrong_experiments(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert message(edited(tmp_path, old, new)) == expected


def test_broken_yaml_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("name: a\nproblem: [1, 2\n")
    assert message(path).startswith("line 3: ")
    path.write_text("just text\n")
    assert message(path) == "holds \"just text\"; allowed: keys with values, such as 'name: example'"


def test_missing_file(tmp_path: Path) -> None:
    assert (
        message(tmp_path / "none.yaml")
        == "cannot be read (No such file or directory); allowed: the path of a YAML file"
    )


def test_numbers_in_exponent_form_are_numbers(tmp_path: Path) -> None:
    assert load_experiment(edited(tmp_path, "1e-3", "2e-3")).training.learning_rate == 0.002


def test_unknown_preset() -> None:
    with pytest.raises(UserError, match=r"^accelerator 'huge' is not known; allowed: edge, large, tiny"):
        load_config("huge")


TINY = """\
name: mine
groupings: [2x2, 4x1]
groups: 4
banks: 4
words: 256
program_depth: 16
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("banks: 4", "banks: 5", "banks: 5 is not possible; allowed: a power of two"),
        ("banks: 4", "banks: four", 'banks: "four" is not possible; allowed: a valid integer'),
        (
            "banks: 4",
            "bank: 4",
            (
                "bank: there is no such key; allowed: name, groupings, groups, banks, words, program_depth, "
                "real_words, table_lanes, residual_lanes, update_lanes, clock_ghz"
            ),
        ),
        ("words: 256\n", "", "words: missing; it has no default"),
        ("2x2, 4x1", "2by2", "groupings: 2by2 is not possible; allowed: rows x columns of blocks, such as 4x4"),
        ("[2x2, 4x1]", "2x2", 'groupings: "2x2" is not possible; allowed: a valid array'),
    ],
)
def test_wrong_configurations(tmp_path: Path, old: str, new: str, expected: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(TINY)
    assert load_config(path).name == "mine"
    path.write_text(TINY.replace(old, new))
    with pytest.raises(UserError) as caught:
        load_config(str(path))
    assert str(caught.value) == f"{path}: {expected}"


class Fast(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Literal["fast"]
    speed: int


class Slow(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Literal["slow"]
    patience: int


class Holder(BaseModel):
    model_config = ConfigDict(extra="forbid")
    parts: list[Annotated[Fast | Slow, Field(discriminator="name")]]


def test_unions_list_the_keys_of_the_member_that_the_name_chose() -> None:
    parts = [{"name": "fast", "speed": 1}, {"name": "slow", "patience": 1, "speed": 2}]
    with pytest.raises(UserError) as caught:
        yaml_file.validate({"parts": parts}, Holder, "here")
    assert str(caught.value) == "here: parts.1.slow.speed: there is no such key; allowed: name, patience"
