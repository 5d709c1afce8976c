"""Outputs appear whole or not at all."""

import os

import pytest

from pinta import output
from pinta_hw.spec.errors import UserError


def test_a_folder_appears_with_its_content(tmp_path):
    with output.folder(tmp_path / "a" / "b", proof="p") as staging:
        (staging / "p").write_text("1")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a" / "b" / "p").read_text() == "1"
    assert os.listdir(tmp_path) == ["a"]


def test_an_earlier_result_is_replaced_whole(tmp_path):
    for content in ("1", "2"):
        with output.folder(tmp_path / "a", proof="p") as staging:
            (staging / "p").write_text(content)
            (staging / f"only_{content}").touch()
    assert sorted(os.listdir(tmp_path / "a")) == ["only_2", "p"]


def test_an_earlier_result_survives_a_failure(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "p").write_text("1")
    with pytest.raises(RuntimeError), output.folder(tmp_path / "a", proof="p") as staging:
        (staging / "p").write_text("2")
        raise RuntimeError
    assert (tmp_path / "a" / "p").read_text() == "1"
    assert os.listdir(tmp_path) == ["a"]


def test_a_folder_that_is_no_earlier_result_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years")
    with pytest.raises(UserError, match="exists and is no earlier result"), output.folder(tmp_path, proof="p"):
        pytest.fail("the block must not run")
    assert (tmp_path / "thesis.tex").read_text() == "years"


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "a" / "report.json"
    with pytest.raises(RuntimeError), output.file(target) as staging:
        staging.write_text("half")
        raise RuntimeError
    assert os.listdir(tmp_path) == []
    with output.file(target) as staging:
        staging.write_text("whole")
    assert target.read_text() == "whole"
    assert os.listdir(target.parent) == ["report.json"]


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be written"), output.file(tmp_path / "file" / "x"):
        pytest.fail("the block must not run")
    with pytest.raises(UserError, match="is a folder"), output.file(tmp_path):
        pytest.fail("the block must not run")
