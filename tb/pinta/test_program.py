"""The program as its user meets it: help, results, and one line for every mistake."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import pytest

from pinta.main import main
from pinta_hw.spec.presets import load_config, preset_names
from tb.tools import skip_without

ROOT = Path(__file__).parents[2]


def pinta(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the program inside this process: its imports are then paid for once."""
    stdout, stderr, status, before = io.StringIO(), io.StringIO(), 0, Path.cwd()
    os.chdir(cwd)
    try:
        with (
            mock.patch.object(sys, "argv", ["pinta", *arguments]),
            mock.patch.dict(os.environ, {"COLUMNS": "120", "NO_COLOR": "1"}),
            redirect_stdout(stdout),
            redirect_stderr(stderr),
        ):
            main()
    except SystemExit as stop:
        status = stop.code or 0
    finally:
        os.chdir(before)
    return subprocess.CompletedProcess(arguments, status, stdout.getvalue(), stderr.getvalue())


def output_of(*arguments: str, cwd: Path = ROOT) -> str:
    done = pinta(*arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("bench",),
        ("config", "show"),
        ("config", "list"),
        ("experiment", "check"),
        ("gemm",),
        ("ppa",),
        ("sim",),
        ("study", "accumulator-error"),
        ("verilog",),
    ],
    ids=lambda arguments: " ".join(arguments) or "pinta",
)
def test_help_shows_a_command_line_to_try(arguments):
    text = output_of(*arguments, "--help")
    assert "Usage:" in text
    assert arguments == ("config", "list") or "pinta " in text.partition("Usage:")[2].partition("\n")[2]


def test_a_shown_configuration_is_a_valid_file(tmp_path):
    for name in preset_names():
        path = tmp_path / f"{name}.yaml"
        path.write_text(output_of("config", "show", name))
        assert load_config(path) == load_config(name)


def test_config_list_names_the_presets():
    assert output_of("config", "list").split() == preset_names()


def test_gemm_as_json_and_as_a_table():
    arguments = ("gemm", "--preset", "edge", "--m", "256", "--n", "128", "--k", "128", "--a-bits", "8", "--b-bits", "8")
    estimate = json.loads(output_of(*arguments, "--json"))
    assert estimate["macs"] == 256 * 128 * 128
    assert estimate["utilization"] > 0.95
    assert f"{estimate['cycles']:,}" in output_of(*arguments)


def test_experiments_of_the_repository_are_valid():
    for path in sorted((ROOT / "experiments").glob("*.yaml")):
        assert "is valid" in output_of("experiment", "check", str(path))
        assert json.loads(output_of("experiment", "check", str(path), "--json"))["name"]


def test_verilog_is_written(tmp_path):
    output_of("verilog", "--preset", "tiny", "--out", "rtl", cwd=tmp_path)
    assert json.loads((tmp_path / "rtl" / "manifest.json").read_text())["top"] == "pinta_tiny"


def test_ppa_of_parts_in_any_liberty_file(tmp_path):
    skip_without("yosys")
    skip_without("sta")
    arguments = ("ppa", "--preset", "tiny", "--liberty", "tb/data/minimal.lib", "--cache", str(tmp_path))
    arguments += ("--part", "drain", "--part", "reset_sequence", "--whole")
    shown = output_of(*arguments)
    kept = [json.loads(path.read_text()) for path in tmp_path.glob("*/result.json")]
    assert {one["top"] for one in kept} == {"pinta_tiny_drain", "pinta_tiny_reset_sequence"}
    assert all(one["area_um2"] > 0 and one["flops"] > 0 for one in kept)
    assert f"{sum(one['cells'] for one in kept):,} cells" in shown
    assert "nothing through them timed: control, " in shown


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("gemm --m 0 --n 4 --k 4", ["m: 0", "1 or more"]),
        ("gemm --m 4 --n 4 --k 5000", ["k: 5000", "4096"]),
        ("gemm --m 4 --n 4 --k 4 --a-bits 5", ["a-bits: 5", "4, 8, 12, 16"]),
        ("gemm --m 4 --n 4 --k 4 --preset huge", ["'huge'", "tiny"]),
        ("gemm --m 4 --n 4 --k 4 --energy-table none", ["'none'", "published-7nm"]),
        ("gemm --m 200000 --n 4 --k 4", ["196608 words"]),
        ("config show missing.yaml", ["missing.yaml", "cannot be read"]),
        ("config show bad.yaml", ["bad.yaml", "bank", "banks"]),
        ("experiment check missing.yaml", ["missing.yaml", "cannot be read"]),
        ("ppa --preset tiny --liberty missing.lib", ["missing.lib"]),
        ("ppa --preset tiny --liberty bad.yaml --part nothing", ["bad.yaml"]),
        ("sim missing.yaml", ["missing.yaml", "cannot be read"]),
        ("verilog --preset tiny --out occupied", ["occupied", "a new or empty folder"]),
        ("verilog --preset bad.yaml --out new", ["bad.yaml", "bank", "banks"]),
        ("verilog --preset tiny --out bad.yaml/new", ["bad.yaml/new", "cannot be written"]),
    ],
)
def test_a_mistake_is_one_line(arguments, named, tmp_path):
    (tmp_path / "bad.yaml").write_text("bank: 8\n")
    (tmp_path / "occupied").mkdir()
    (tmp_path / "occupied" / "something").touch()
    before = sorted(tmp_path.rglob("*"))
    done = pinta(*arguments.split(), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1, done.stderr
    for text in named:
        assert text in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("arguments", ["gemm --m four --n 4 --k 4", "gemm --m 4", "nonsense", "gemm --rows 4"])
def test_a_wrong_option_ends_with_status_2(arguments):
    done = pinta(*arguments.split())
    assert done.returncode == 2
    assert "Traceback" not in done.stderr and "rror" in done.stderr


def test_a_mistake_ends_the_process_with_status_2():
    command = [sys.executable, "-m", "pinta.main", "config", "show", "huge"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1


def test_a_fault_of_our_own_keeps_its_traceback():
    program = (
        "import sys\n"
        "from unittest import mock\n"
        "from pinta.main import main\n"
        "sys.argv = ['pinta', 'config', 'list']\n"
        "with mock.patch('pinta.commands.config.preset_names', side_effect=ZeroDivisionError):\n"
        "    main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" in done.stderr and "ZeroDivisionError" in done.stderr
