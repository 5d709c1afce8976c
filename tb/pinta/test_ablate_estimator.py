"""``pinta ablate estimator``: results and mistakes."""

import json

import pytest

from tb.pinta.test_program import output_of, pinta

SMALL = ("--width", "16", "--hidden", "2", "--space", "5", "--count", "6", "--points", "6", "--bits", "8")


def test_results_as_json() -> None:
    found = json.loads(output_of("ablate", "estimator", *SMALL, "--sigma", "0.01", "--json"))
    assert found["setting"]["count"] == 6
    assert [row["estimator"] for row in found["rows"]] == ["stein", "diffquant", "parity", "jet"]
    assert all(row["bits"] == 8 and 0 < row["gradient"] < 10 for row in found["rows"])


def test_results_as_tables() -> None:
    text = output_of("ablate", "estimator", *SMALL, "--sigma", "0.1", "--sigma", "0.001")
    assert "laplacian: relative error" in text and text.count("parity") == 4


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--bits", "7"), "SMX width 7 does not exist; allowed: 4, 8, 12, 16 bits"),
        (("--sigma", "0"), "sigma: 0.0 is not possible; allowed: above 0, at most 1"),
        (
            ("--directions", "coordinate", "--count", "30"),
            (
                "estimator.count: 30 directions are not possible along 21 coordinates; "
                "allowed: 1 to 21, or other directions"
            ),
        ),
    ],
)
def test_mistakes_are_told_in_one_line(arguments: tuple[str, ...], expected: str) -> None:
    done = pinta("ablate", "estimator", *arguments)
    assert done.returncode == 2
    assert done.stderr.strip() == f"error: {expected}"
