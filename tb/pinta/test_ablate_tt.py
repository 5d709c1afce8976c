"""``pinta ablate tt`` and ``pinta ablate format`` as their user meets them."""

import json

from typer.testing import CliRunner

from golden.studies import tt_error
from pinta.commands.ablate import app

EXPERIMENT = "experiments/poisson2d-tt.yaml"


def output_of(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "140"}, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_tt_as_a_table_and_as_json() -> None:
    small = ("tt", "--width", "16", "--rows", "8", "--seeds", "1")
    rows = json.loads(output_of(*small, "--json"))
    assert len(rows) == len(tt_error.DEPTHS) * len(tt_error.RANKS) * len(tt_error.KINDS)
    text = output_of(*small)
    for result in tt_error.RESULTS:
        assert result in text and f"{rows[0]['errors'][result]:.4f}" in text


def test_format_as_a_table_and_as_json() -> None:
    content = json.loads(output_of("format", EXPERIMENT, "--json"))
    assert {row["block"] for row in content["stored"]} == {"4 x 4", "1 x 16", "1 x 32"}
    text = output_of("format", EXPERIMENT)
    assert f"{content['stored'][0]['forward_bytes'] / 1024:,.0f}" in text
    assert text.count("yes") == 4 and text.count("no ") >= 8
