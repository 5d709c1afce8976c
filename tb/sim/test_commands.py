"""`pinta cycles` and `pinta trace` as their user meets them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tb.pinta.test_program import ROOT, output_of, pinta

EDGE = str(ROOT / "experiments" / "poisson2d-edge.yaml")


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    return json.loads(output_of("cycles", EDGE, "--json"))


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("trace") / "new" / "trace.json"
    assert "instructions" in output_of("trace", EDGE, "--out", str(path))
    return json.loads(path.read_text())


def test_cycles_as_json(figures: dict[str, Any]) -> None:
    assert figures["steps"] == 1000
    assert figures["cycles"] == sum(figures[f"{name}_cycles"] for name in ("prologue", "body", "epilogue"))
    assert 0.3 < figures["array_utilization"] < 1
    assert figures["ratio_to_busiest"] == figures["step"]["cycles"] / figures["busiest_cycles"]
    assert figures["energy"]["total_pj"] == pytest.approx(sum(figures["energy"]["parts_pj"].values()))


def test_cycles_as_a_table(figures: dict[str, Any]) -> None:
    text = output_of("cycles", EDGE)
    for expected in (f"{figures['step']['cycles']:,}", "elementwise", "weights' gradients", "scratchpad reads"):
        assert expected in text
    assert f"{100 * figures['array_utilization']:.1f}" in text


def test_a_slower_memory_and_another_table(figures: dict[str, Any]) -> None:
    text = output_of("cycles", EDGE, "--memory-latency", "400", "--energy-table", "published-45nm", "--json")
    other = json.loads(text)
    assert other["cycles"] > figures["cycles"]
    assert other["energy"]["chip_pj"] > figures["energy"]["chip_pj"]


def test_zeros_are_counted_where_that_is_asked_for(figures: dict[str, Any]) -> None:
    found = json.loads(output_of("cycles", EDGE, "--count-zeros", "--closed-form", "--energy-table", "asap7", "--json"))
    bound, counted = figures["energy"]["events"], found["energy"]["events"]
    every, live = "digit multiplies", "digit multiplies without a zero"
    assert bound[live] == bound[every] == counted[every]
    assert 0.5 * counted[every] < counted[live] < 0.95 * counted[every]
    assert any("upper bound" in text for text in figures["energy"]["assumptions"])
    assert any("counted in the operands" in text for text in found["energy"]["assumptions"])
    (energy,) = (each for each in found["closed_form"] if each["quantity"] == "energy of a step")
    assert abs(energy["error"]) < 0.02


def test_a_trace_has_a_track_for_each_unit(trace: dict[str, Any], figures: dict[str, Any]) -> None:
    events = trace["traceEvents"]
    names = {each["tid"]: each["args"]["name"] for each in events if each["name"] == "thread_name"}
    assert list(names.values()) == ["gemm", "elementwise", "convert", "residual", "update", "transfer"]
    spans = [each for each in events if each["ph"] == "X"]
    assert {each["ph"] for each in events} == {"M", "X"}
    assert len(spans) == len(figures["step"]["executed"])
    for track, name in names.items():
        own = sorted((each["ts"], each["dur"]) for each in spans if each["tid"] == track)
        assert all(begin + length <= later + 1e-9 for (begin, length), (later, _) in zip(own, own[1:], strict=False))
        busy = figures["step"]["units"][name]["busy_cycles"]
        assert sum(length for _, length in own) == pytest.approx(busy / figures["clock_ghz"] / 1e3)
    assert all(each["dur"] > 0 and each["name"] and each["args"]["details"] for each in spans)
    assert max(each["ts"] + each["dur"] for each in spans) < figures["step"]["cycles"] / figures["clock_ghz"] / 1e3


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("cycles missing.yaml", ["missing.yaml", "cannot be read"]),
        (f"cycles {EDGE} --preset huge", ["'huge'", "tiny"]),
        (f"cycles {EDGE} --energy-table none", ["'none'", "published-45nm, published-7nm"]),
        (f"cycles {EDGE} --memory-latency 0", ["--memory-latency", "greater than or equal to 1"]),
        (f"cycles {EDGE} --preset tiny", ["allowed"]),
        ("trace missing.yaml --out trace.json", ["missing.yaml", "cannot be read"]),
        (f"trace {EDGE}", ["--out"]),
        (f"trace {EDGE} --out .", ["a folder"]),
    ],
)
def test_a_mistake_is_one_line(arguments: str, named: list[str], tmp_path: Path) -> None:
    done = pinta(*arguments.split(), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1, done.stderr
    assert all(each in done.stderr for each in named), done.stderr
    assert not list(tmp_path.iterdir())
