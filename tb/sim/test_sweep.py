"""Sweeps: points, samplers, results that outlive a kill, fronts, failures, clusters, and wrong input."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from golden.short_training import relative_l2
from pinta.problem_shape import problem_shape
from pinta_hw.spec.config import Grouping
from pinta_hw.spec.errors import UserError
from sim.energy_table import load_table
from sim.sweep.description import SweepFile, load_sweep
from sim.sweep.engine import Run
from sim.sweep.evaluate import Batch, Short
from sim.sweep.executors import Results, computed_by_processes, computed_here
from sim.sweep.front import front
from sim.sweep.output import as_csv, as_json
from sim.sweep.points import Space, arrangements
from sim.sweep.store import Store

ROOT = Path(__file__).parents[2]
EXPERIMENT = str(ROOT / "experiments" / "poisson2d-edge.yaml")
TABLE = load_table("published-7nm")
GRID = {"accelerator.groups": [8, 12], "network.tt.rank": [4, 8], "precision.weights": [8]}


def write(folder: Path, **keys: Any) -> Path:
    path = folder / "sweep.yaml"
    content = {"name": "try", "experiments": [EXPERIMENT], "parameters": GRID, **keys}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def started(path: Path, folder: Path, version: str = "1") -> tuple[Run, Store, SweepFile]:
    sweep = load_sweep(path)
    store = Store(folder / "results.txt")
    return Run(Space(path, sweep), sweep, TABLE, store, version), store, sweep


def completed(path: Path, folder: Path, version: str = "1") -> tuple[Run, int]:
    """The finished run, and how many points it computed."""
    run, store, _ = started(path, folder, version)
    count = len(run.todo)
    run.complete(computed_here, problem_shape)
    return run, count


def test_a_grid_is_all_combinations_in_order(tmp_path: Path) -> None:
    run, count = completed(write(tmp_path), tmp_path)
    assert [row.point.values for row in run.rows] == [(8, 4, 8), (8, 8, 8), (12, 4, 8), (12, 8, 8)]
    assert count == 4
    configs = [row.point.config.groups for row in run.rows if row.point.config]
    ranks = [row.point.experiment.network.tt.rank for row in run.rows if row.point.experiment]
    assert (configs, ranks) == ([8, 8, 12, 12], [4, 8, 4, 8])


@pytest.mark.parametrize("name", ["sobol", "halton", "latin-hypercube"])
def test_a_sampler_takes_some_points_of_the_grid(name: str, tmp_path: Path) -> None:
    parameters = {"accelerator.groups": [6, 8, 10, 12], "network.tt.rank": [4, 8, 12, 16]}
    path = write(tmp_path, parameters=parameters, sampler={"name": name, "points": 8, "seed": 3})
    points = [[point.values for point in Space(path, load_sweep(path)).points()] for _ in range(2)]
    assert points[0] == points[1]
    assert len(set(points[0])) == len(points[0]) <= 8
    assert len({groups for groups, _ in points[0]}) == 4


def test_units_come_in_all_arrangements_that_the_banks_allow() -> None:
    found = [str(Grouping(**each)) for each in arrangements(16, 16)]
    assert found == ["16x1", "8x2", "2x8", "1x16"]
    for units, banks in ((12, 16), (2, 16), (0, 16), ("many", 16)):
        with pytest.raises(UserError, match="units: .* allowed: "):
            arrangements(units, banks)


def test_what_is_known_is_not_computed_again(tmp_path: Path) -> None:
    first, count = completed(write(tmp_path), tmp_path)
    again, more = completed(write(tmp_path), tmp_path)
    assert (count, more) == (4, 0)
    assert [row.outcome for row in first.rows] == [row.outcome for row in again.rows]
    wider = write(tmp_path, parameters={**GRID, "accelerator.groups": [8, 12, 16]})
    assert completed(wider, tmp_path)[1] == 2
    assert completed(wider, tmp_path, version="2")[1] == 6


def test_a_damaged_result_is_computed_again(tmp_path: Path) -> None:
    expected, _ = completed(write(tmp_path), tmp_path)
    path = tmp_path / "results.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[0] = lines[0].replace('"cycles": ', '"cycles": 1')
    path.write_text("\n".join(lines)[:-20], encoding="utf-8")
    run, store, _ = started(write(tmp_path), tmp_path)
    assert store.broken == 2
    assert len(run.todo) == 2
    run.complete(computed_here, problem_shape)
    assert [row.outcome for row in run.rows] == [row.outcome for row in expected.rows]
    assert completed(write(tmp_path), tmp_path)[1] == 0


def test_a_point_that_fails_has_its_reason_and_the_others_go_on(tmp_path: Path) -> None:
    parameters = {"accelerator.groups": [8, 99], "accelerator.words": [64, 1024], "network.tt.rank": [8, "four"]}
    path = write(tmp_path, parameters=parameters)
    run, _ = completed(path, tmp_path)
    failed = {row.point.values: row.outcome.get("failed", "") for row in run.rows}
    assert failed[8, 1024, 8] == ""
    assert "groups: 99 is not possible" in failed[99, 1024, 8]
    assert "one group of edge" in failed[8, 64, 8]
    assert "network.tt.rank" in failed[8, 1024, "four"]
    assert [row.point.values for row in run.rows if row.in_front] == [(8, 1024, 8)]
    table = list(csv.DictReader(as_csv(load_sweep(path), ["poisson2d-edge"], run.rows).splitlines()))
    assert [bool(line["failed"]) for line in table].count(False) == 1
    assert len(as_json(load_sweep(path), run, ["poisson2d-edge"], "1")["points"]) == 8


def test_a_point_that_breaks_the_model_does_not_stop_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sim.sweep.evaluate as module

    original = module.step_cost

    def broken(model: Any, *rest: Any) -> Any:
        assert model.config.groups != 12, "no twelve"
        return original(model, *rest)

    monkeypatch.setattr(module, "step_cost", broken)
    run, _ = completed(write(tmp_path), tmp_path)
    assert ["no twelve" in row.outcome.get("failed", "") for row in run.rows] == [False, False, True, True]


def test_processes_give_what_one_process_gives(tmp_path: Path) -> None:
    here, _ = completed(write(tmp_path), tmp_path / "here")

    def by_two(batches: list[Batch]) -> Results:
        return computed_by_processes(batches, 2)

    run, store, _ = started(write(tmp_path), tmp_path / "there")
    run.complete(by_two, problem_shape)
    assert [row.outcome for row in run.rows] == [row.outcome for row in here.rows]


def test_a_front_is_what_nothing_beats() -> None:
    rng = np.random.default_rng(5)
    for objectives in (1, 2, 3):
        figures = rng.integers(0, 6, (80, objectives)).astype(float)
        figures[::9] = np.nan
        found = front(figures)
        kept = figures[found]
        for row in figures[np.isfinite(figures).all(axis=1)]:
            beaten = [(other <= row).all() and (other < row).any() for other in figures]
            assert any(beaten) != (kept == row).all(axis=1).any(), row
        assert len({tuple(row) for row in kept}) == len(found)
    assert front(np.empty((0, 2))) == []


def test_the_compiled_points_say_how_much_the_closed_form_errs(tmp_path: Path) -> None:
    path = write(tmp_path, exact=1, objectives=["cycles"])
    run, store, _ = started(path, tmp_path)
    run.complete(computed_here, problem_shape)
    asked = []

    def exact(experiment: Any, config: Any, latency: int) -> int:
        asked.append((config.groups, latency))
        return 50_000

    for _ in range(2):
        run.compile(run.first_of_fronts(), exact, "1")
    (row,) = run.first_of_fronts()
    assert row.error == pytest.approx(row.outcome["cycles"] / 50_000 - 1)
    assert asked == [(12, 40)]


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "pinta.main", "sweep", *map(str, arguments)]


def test_a_sweep_of_which_every_point_fails_says_why(tmp_path: Path, capsys) -> None:
    from pinta.main import main

    path = write(tmp_path, parameters={"accelerator.groups": [99, 100]}, exact=1)
    sys.argv = ["pinta", "sweep", str(path), "--out", str(tmp_path / "out"), "--jobs", "1"]
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    printed = " ".join(capsys.readouterr().out.split())
    assert "1 failed: edge: groups: 99 is not possible" in printed and "2 points: 0 computed, 2 failed" in printed


def test_the_example_of_the_documentation_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
    example = text.split("```yaml\n")[1].split("```")[0]
    path = tmp_path / "first.yaml"
    path.write_text(example.replace("..", str(ROOT / "experiments")), encoding="utf-8")
    run, count = completed(path, tmp_path)
    assert count == len(run.rows) == 24
    assert not any("failed" in row.outcome for row in run.rows)
    commands = [line.split("#")[0].split() for line in text.splitlines() if line.startswith("pinta sweep")]
    assert len(commands) == 4
    options = subprocess.run(command("--help"), cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for _, _, file, *given in commands:
        assert (ROOT / file).is_file()
        assert all(option in options for option in given if option.startswith("--"))


@pytest.mark.parametrize("path", sorted((ROOT / "experiments" / "sweeps").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_sweep_of_the_repository_can_be_read(path: Path) -> None:
    sweep = load_sweep(path)
    points = list(Space(path, sweep).points())
    assert points and any(point.experiment and point.config for point in points)


def test_accuracy_is_that_of_a_short_training(tmp_path: Path) -> None:
    parameters = {"network.hidden": [[16, 16]], "network.tt.rank": [2, 4], "training.interior": [16]}
    path = write(tmp_path, parameters=parameters, objectives=["cycles", "accuracy"], accuracy={"steps": 2})
    run, _, sweep = started(path, tmp_path)
    assert sweep.accuracy is not None
    run.complete(computed_here, problem_shape, Short(relative_l2, sweep.accuracy.steps, sweep.accuracy.seeds))
    experiment = run.rows[0].point.experiment
    assert experiment is not None
    training = experiment.training.model_copy(update={"steps": 2, "seed": 0})
    assert run.rows[0].outcome["accuracy"] == relative_l2(experiment.model_copy(update={"training": training}))
    assert run.rows[0].outcome["accuracy"] != run.rows[1].outcome["accuracy"]


def test_a_sweep_killed_half_way_goes_on_where_it_was(tmp_path: Path) -> None:
    clocks = [round(0.2 + 0.0001 * step, 4) for step in range(5000)]
    path = write(tmp_path, parameters={"accelerator.clock_ghz": clocks, "accelerator.groups": [8, 10, 12, 16]})
    results, total = tmp_path / "out" / "results.txt", 4 * len(clocks)
    process = subprocess.Popen(command(path, "--out", tmp_path / "out", "--jobs", "1"), cwd=ROOT)
    deadline = time.monotonic() + 300
    while not (results.is_file() and len(results.read_bytes().splitlines()) > 1000):
        assert process.poll() is None and time.monotonic() < deadline, "ended before it could be killed"
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    kept = len(results.read_text(encoding="utf-8").splitlines())
    assert 1000 < kept < total
    done = subprocess.run(
        command(path, "--out", tmp_path / "out", "--jobs", "1"), cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    computed = int(done.stdout.split(" points: ")[1].split(" computed")[0].replace(",", ""))
    assert total - kept <= computed <= total - kept + 1  # the last line may have been cut short
    assert "damaged" not in done.stdout or computed == total - kept + 1
    everything = json.loads((tmp_path / "out" / "points.json").read_text(encoding="utf-8"))
    assert len(everything["points"]) == total and not any("failed" in point for point in everything["points"])
    assert (tmp_path / "out" / "front.png").stat().st_size > 1000


@pytest.mark.filterwarnings("default")
def test_a_dask_cluster_gives_what_one_process_gives(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp"
    ) as cluster:
        from sim.sweep.executors import computed_by_dask

        run, store, _ = started(write(tmp_path), tmp_path / "cluster")
        run.complete(lambda batches: computed_by_dask(batches, cluster.scheduler_address), problem_shape)
    here, _ = completed(write(tmp_path), tmp_path / "here")
    assert [row.outcome for row in run.rows] == [row.outcome for row in here.rows]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"colour": "red"}, "colour: there is no such key"),
        ({"parameters": {"groups": [8]}}, "'groups' is no key"),
        ({"parameters": {"accelerator.gruops": [8]}}, "parameters.accelerator.gruops: there is no such key"),
        ({"parameters": {"network.tt.rnak": [8]}}, "there is no such key"),
        ({"parameters": {"network.tt.rank": []}}, "parameters.network.tt.rank"),
        ({"objectives": ["cycles", "beauty"]}, "objectives"),
        ({"objectives": ["cycles", "cycles"]}, "each one once"),
        ({"objectives": ["accuracy"]}, "both or neither"),
        ({"sampler": {"name": "dice", "points": 3}}, "sampler"),
        ({"experiments": ["nowhere.yaml"]}, "nowhere.yaml"),
        ({"energy_table": "gold"}, "'gold'"),
    ],
)
def test_wrong_sweeps_are_one_line_and_status_2(keys: dict[str, Any], message: str, tmp_path: Path, capsys) -> None:
    from pinta.main import main

    path = write(tmp_path, **keys)
    sys.argv = ["pinta", "sweep", str(path), "--out", str(tmp_path / "out"), "--jobs", "1"]
    with pytest.raises(SystemExit) as ended:
        main()
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert message in error and len(error.strip().splitlines()) == 1, error


@pytest.mark.filterwarnings("default")
def test_a_scheduler_that_does_not_answer_is_one_line(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    import sim.sweep.executors as module
    from pinta.main import main

    monkeypatch.setattr(module, "_CONNECT_SECONDS", 1)
    sys.argv = ["pinta", "sweep", str(write(tmp_path)), "--out", str(tmp_path / "out")]
    sys.argv += ["--scheduler", "tcp://127.0.0.1:9"]
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "scheduler: tcp://127.0.0.1:9 does not answer" in capsys.readouterr().err
