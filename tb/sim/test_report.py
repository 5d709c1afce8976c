"""Reports: what they say adds up, has units and sources, and opens in a browser without a network."""

import csv
import json
import math
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pinta.report.gather import compare
from pinta.report.write import comma_separated, page, text
from sim.report.attribution import Design, factors, total
from sim.report.page import markdown_page
from sim.report.report import Report
from sim.report.table import Column, Row, Table, markdown, shown
from tb.pinta.test_program import ROOT, output_of, pinta

SMALL = """
name: {name}
problem: {{name: {problem}}}
network: {{hidden: [16, 16], activation: tanh, tt: {{rank: 4, modes: 2, schedule: prs}}}}
estimator: {{name: jet}}
training: {{steps: 5, interior: 8, boundary: 8, micro_batch: 8}}
accelerator: edge
"""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="module")
def experiments(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("experiments")
    found = []
    for name, problem in (("small", "poisson2d"), ("waves", "poisson2d-multifrequency")):
        found.append(folder / f"{name}.yaml")
        found[-1].write_text(SMALL.format(name=name, problem=problem))
    return found


@pytest.fixture(scope="module")
def found(experiments: list[Path]) -> Report:
    return compare(experiments, None, None, 40, None, ROOT / "docs" / "results" / "data")


def test_every_number_has_a_unit_and_a_source(found: Report) -> None:
    assert len(found.all_tables) >= 20
    for table in found.all_tables:
        assert table.rows, table.key
        for row in table.rows:
            assert row.source
            for column, value in zip(table.columns, row.values, strict=True):
                assert not isinstance(value, float) or (column.unit and math.isfinite(value)), (table.key, column.name)


def test_keys_are_different(found: Report) -> None:
    keys = [table.key for table in found.all_tables]
    assert len(keys) == len(set(keys))


def test_factors_multiply_to_the_whole_gain(found: Report) -> None:
    for section in found.sections:
        designs, whole = section.designs, total(section.designs)
        assert designs[-1].time_us == section.subject.cost.time_us
        assert whole.time == pytest.approx(designs[0].time_us / designs[-1].time_us)
        nested = next(one for one in section.baselines if one.kind == "machine")
        assert whole.time == pytest.approx(nested.time_us / section.subject.cost.time_us)
        for name, gain in whole.energy.items():
            assert gain == pytest.approx(nested.energy_uj[name] / section.subject.cost.energy_uj[name])
            assert whole.chip[name] == pytest.approx(designs[0].chip_uj[name] / designs[-1].chip_uj[name])


def test_the_closed_form_is_told_with_its_error(found: Report) -> None:
    table = found.table("closed-form")
    assert table.title in markdown_page(found, "pinta headline")
    assert any("closed form" in note and "%" in note for note in table.notes)
    for name in (section.subject.name for section in found.sections):
        rows = {row.values[1]: row.values for row in table.rows if row.values[0] == name}
        step, energy = rows["a step"], rows["energy of a step"]
        assert step[4] == pytest.approx(100 * (step[2] / step[3] - 1))
        assert abs(energy[4]) < 3


def test_parts_add_up_to_the_energy(found: Report) -> None:
    for section in found.sections:
        *parts, together = section.table("parts").rows
        for index in range(1, len(together.values)):
            values = [row.values[index] for row in parts]
            assert sum(v for v in values if isinstance(v, float)) == pytest.approx(together.values[index])


def test_areas_add_up(found: Report) -> None:
    *parts, together = found.table("edge-area").rows
    assert sum(row.values[1] for row in parts) == pytest.approx(together.values[1])


def test_the_fp32_machine_has_our_area(found: Report) -> None:
    *rows, ours = found.table("fp32-machine").rows
    together = [row.values[3] for row in rows if row.values[1] == "together"]
    assert len(together) == 2
    assert all(0.9 * ours.values[3] < area <= ours.values[3] for area in together)


def test_a_ratio_is_that_of_its_figures(found: Report) -> None:
    for section in found.sections:
        ours, *others = section.table("baselines").rows
        for row in others:
            assert row.values[4] == pytest.approx(row.values[3] / ours.values[3])
            assert row.values[6] == pytest.approx(row.values[5] / ours.values[5])


def test_a_missed_goal_says_why(found: Report) -> None:
    goals = found.table("goals").rows
    assert {row.values[6] for row in goals} <= {"yes", "no", "in part"}
    for row in goals:
        assert (row.values[6] == "yes") == (row.values[7] is None)
        assert (row.values[6] == "yes") == (row.values[4] >= row.values[3])


@pytest.mark.parametrize(
    ("columns", "values", "source"),
    [
        ((Column("a"), Column("b")), ("x", 1.0), "here"),
        ((Column("a"), Column("b", "us")), ("x", 1.0), ""),
        ((Column("a"),), ("x", "y"), "here"),
    ],
)
def test_a_number_without_unit_or_source_is_refused(columns, values, source) -> None:
    with pytest.raises(ValueError, match="has numbers and no unit|has no source|values for"):
        Table("t", "T", columns, (Row(values, source),))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        ("x", "x"),
        (0, "0"),
        (12345.6, "12,346"),
        (12.34, "12.3"),
        (1.234, "1.23"),
        (0.0012, "1.20e-03"),
        (7, "7"),
    ],
)
def test_values_as_shown(value, expected) -> None:
    assert shown(value) == expected


def test_factors_of_two_designs() -> None:
    first = Design("a", "", 8.0, {"t": 12.0}, {"t": 10.0}, "s")
    second = Design("b", "half", 4.0, {"t": 3.0}, {"t": 5.0}, "s")
    only = factors((first, second))[0]
    assert (only.change, only.time, only.energy, only.chip) == ("half", 2.0, {"t": 4.0}, {"t": 2.0})


def test_files_say_the_same(experiments: list[Path], found: Report, tmp_path: Path) -> None:
    out = tmp_path / "report"
    printed = output_of("report", *map(str, experiments), "--out", str(out), "--results", "docs/results/data")
    assert str(out / "report.html") in printed
    content = json.loads((out / "report.json").read_text())
    assert set(content) == {table.key for table in found.all_tables}
    assert (out / "report.md").read_text() == text(found)
    for table in found.all_tables:
        written = (out / "tables" / f"{table.key}.csv").read_text()
        assert written == comma_separated(table)
        heading, *lines = csv.reader(written.splitlines())
        assert len(lines) == len(table.rows)
        for column, name in zip(table.columns, heading, strict=False):
            assert not column.unit or name.endswith(f"[{column.unit}]")


class Links(HTMLParser):
    """What a page loads or links to, and its ids."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "srcset", "data") or (name == "href" and tag in ("link", "script", "image")):
                self.loaded.append(value or "")
            elif name.endswith("href"):
                self.links.append(value or "")


def test_the_page_needs_nothing_else(found: Report) -> None:
    content, links = page(found), Links()
    links.feed(content)
    assert links.loaded == []
    assert all(link.startswith("#") for link in links.links)
    assert len(links.ids) == len(set(links.ids))
    assert {link[1:] for link in links.links} <= set(links.ids)
    assert not re.search(r"@import|url\((?!#)", content)


def test_the_page_opens_in_a_browser(found: Report, tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("no Chromium is installed (on Debian: apt install chromium)")
    path = tmp_path / "report.html"
    path.write_text(page(found), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    run = subprocess.run(
        [browser, *options, "--dump-dom", path.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    for section in found.sections:
        assert f'id="{section.subject.name}"' in run.stdout
    # Each experiment has four figures, and there is one for all.
    assert run.stdout.count("<svg") == 1 + 4 * len(found.sections)
    picture = tmp_path / "page.png"
    window = ["--hide-scrollbars", "--window-size=1200,3000", f"--screenshot={picture}"]
    subprocess.run([browser, *options, *window, path.as_uri()], capture_output=True, timeout=120, check=True)
    assert picture.stat().st_size > 50_000


def test_headline_page(experiments: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "headline.md"
    output_of("headline", *map(str, experiments), "--out", str(out))
    content = out.read_text()
    for expected in ("# Headline", "## Goals", "Like for like", "all factors multiplied", "small", "waves"):
        assert expected in content


def test_baseline_command(experiments: list[Path]) -> None:
    content = json.loads(output_of("baseline", str(experiments[0]), "--json"))
    assert set(content) == {"small-work", "fp32-machine", "small-schedules", "small-costs"}
    assert "Jetson AGX Orin" in output_of("baseline", str(experiments[0]))


def test_measured_on_the_host(experiments: list[Path]) -> None:
    pytest.importorskip("jax", reason="needs JAX: pip install 'pinta[baseline]'")
    content = json.loads(output_of("baseline", str(experiments[0]), "--measure", "--repeats", "2", "--json"))
    rows = content["small-measured"]["rows"]
    assert [row["values"][0] for row in rows] == ["ad", "forward-laplacian"]
    assert all(row["values"][2] >= row["values"][3] > 0 for row in rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "{0}", "{0}", "--out", "{out}"], "experiments: the name 'small' comes twice; allowed: each once"),
        (["report", "{0}", "--out", "{out}", "--fraction", "2"], "fraction: 2.0 is not possible"),
        (["report", "{0}", "--out", "{out}", "--energy-table", "none"], "energy table 'none' is not known"),
        (["baseline", "{0}", "--measure", "--device", "abacus"], "device: JAX has no 'abacus' here; allowed: "),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], message: str, experiments: list[Path], tmp_path: Path) -> None:
    if "--measure" in arguments:
        pytest.importorskip("jax", reason="needs JAX: pip install 'pinta[baseline]'")
    out = tmp_path / "out"
    run = pinta(*(each.format(*map(str, experiments), out=out) for each in arguments))
    assert run.returncode == 2
    assert message in run.stderr and run.stderr.count("\n") == 1
    assert not out.exists()


def test_markdown_names_units_and_sources() -> None:
    table = Table(
        "t", "T", (Column("what"), Column("time", "us")), (Row(("a", 1.5), "s1"), Row(("b", None), "s2")), ("n",)
    )
    content = markdown(table)
    assert "| what | time, us | source |" in content
    assert "| a | 1.5 | [1] |" in content and "- [2] s2" in content and "- n" in content
