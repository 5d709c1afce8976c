"""Builds a design for a Verilog simulator, once for each content, and runs cocotb tests on it."""

import fcntl
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Literal

import cocotb_tools.runner
from amaranth.lib import wiring

from pinta_hw.spec.errors import UserError
from rtl_gen.library import module_ports
from rtl_gen.verilog import modules

from .tools import require, verilator_environment

BUILD_ROOT = Path(__file__).parents[1] / "build"
Simulator = Literal["verilator", "icarus"]
Trace = Literal["fst", "saif"]
_FST_HEADERS = Path(__file__).parent / "fst"
_EMPTY_ARCHIVE = b"!<arch>\n"
_VERILATOR_OPTIONS = (
    # Every signal that Python can reach costs speed: only those named in the control file are.
    "--no-public-flat-rw",
    "--timing",
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--noassert",
    "-CFLAGS",
    "-std=gnu++20",  # what --timing needs and the wheel leaves blank
    "-Wno-fatal",
)


class SimulationError(AssertionError):
    """A build or a test of a simulation failed; the message ends with the log's last lines."""


@dataclass(frozen=True)
class Design:
    """Verilog to simulate.

    Parameters
    ----------
    top : str
        The top module.
    sources : mapping of str to str
        Verilog text by file name.
    public : tuple of str
        Signals of the top that Python reads or drives.
    parameters : mapping of str to int
        Parameters of the top.
    apart : tuple of str
        Modules of which Verilator makes one piece of code, whatever the number of instances.
    """

    top: str
    sources: Mapping[str, str]
    public: tuple[str, ...]
    parameters: Mapping[str, int] = field(default_factory=dict)
    apart: tuple[str, ...] = ()

    @classmethod
    def of_component(cls, component: wiring.Component, name: str) -> "Design":
        """The component as the top, its ports public."""
        texts = modules(component, name)
        ports = tuple(port.name for port in module_ports(component, texts[name]))
        return cls(name, {f"{module}.v": text for module, text in texts.items()}, ports)


@dataclass(frozen=True)
class Build:
    """A compiled design."""

    design: Design
    simulator: Simulator
    trace: Trace | None
    folder: Path


@dataclass(frozen=True)
class Run:
    """A finished run, all of whose tests passed."""

    tests: int
    log: Path
    trace: Path | None
    """The FST or SAIF file, where one was asked for."""


def build(design: Design, simulator: Simulator = "verilator", trace: Trace | None = None, checks: bool = True) -> Build:
    """Compile a design, or find it compiled.

    Parameters
    ----------
    trace : {"fst", "saif"}, optional
        Prepare to record waveforms or activity. Only Verilator does.
    checks : bool
        Keep the design's own assertions; without them it runs a little faster.

    Raises
    ------
    UserError
        If the simulator, or libpython, is not installed.
    SimulationError
        If it does not compile.
    """
    options = _options(design, simulator, trace, checks)
    identity = json.dumps(
        [
            design.top,
            dict(design.sources),
            dict(design.parameters),
            design.apart,
            options,
            version("cocotb"),
            sys.executable,
        ]
    )
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    folder = BUILD_ROOT / "simulation" / f"{design.top}-{simulator}-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    result = Build(design, simulator, trace, folder)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second process waits instead of building the same
        if not (folder / "complete").exists():
            _compile(result, options)
            (folder / "complete").touch()
    return result


def run(
    compiled: Build,
    test_module: str,
    name: str = "run",
    environment: Mapping[str, str] | None = None,
    plusargs: Sequence[str] = (),
    seed: int | None = None,
) -> Run:
    """Run all cocotb tests of a module.

    Parameters
    ----------
    test_module : str
        Import path of the module with the tests.
    name : str
        Folder of the run's files, inside the build's.
    environment : mapping, optional
        Variables for the tests.
    plusargs : sequence of str
        Arguments for the design's ``$value$plusargs``.
    seed : int, optional
        cocotb's random seed; by default it takes one and prints it.

    Raises
    ------
    SimulationError
        If a test fails, or none was found.
    """
    folder = compiled.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    log, results = folder / "run.log", folder / "results.xml"
    results.unlink(missing_ok=True)
    trace_file = folder / f"{compiled.design.top}.{compiled.trace}" if compiled.trace else None
    with _process_environment(compiled.simulator):
        cocotb_runner = cocotb_tools.runner.get_runner(compiled.simulator)
        try:
            cocotb_runner.test(
                test_module=test_module,
                hdl_toplevel=compiled.design.top,
                hdl_toplevel_lang="verilog",
                build_dir=compiled.folder,
                test_dir=folder,
                results_xml=str(results),
                log_file=log,
                extra_env={"COCOTB_ANSI_OUTPUT": "0", **(environment or {})},
                plusargs=plusargs,
                seed=seed,
                waves=trace_file is not None,
                test_args=["--trace-file", str(trace_file)] if trace_file else [],
            )
            tests, failed = cocotb_tools.runner.get_results(results)
        except (SystemExit, RuntimeError, OSError) as error:
            raise SimulationError(f"{compiled.design.top}: the simulation ended early: {error}{_tail(log)}") from error
    if failed or not tests:
        raise SimulationError(f"{compiled.design.top}: {failed} of {tests} tests failed{_tail(log)}")
    return Run(tests, log, trace_file)


def _options(design: Design, simulator: Simulator, trace: Trace | None, checks: bool) -> list[str]:
    if simulator == "icarus":
        if trace is not None:
            raise UserError(f"trace: {trace} needs Verilator; allowed with icarus: none")
        return ["-g2012", *([] if checks else ["-gno-assertions"])]
    options = [option for option in _VERILATOR_OPTIONS if not (checks and option == "--noassert")]
    if trace == "fst":
        # The writer's own headers instead of the system's liblz4 and zlib; empty archives satisfy the linker.
        options += ["--trace-fst", "-CFLAGS", f"-I{_FST_HEADERS}", "-LDFLAGS", "-L."]
    elif trace == "saif":
        options += ["--trace-saif"]
    return options


def _compile(target: Build, options: list[str]) -> None:
    design, folder, log = target.design, target.folder, target.folder / "build.log"
    (folder / "rtl").mkdir(exist_ok=True)
    sources = []
    for file_name, text in design.sources.items():
        sources.append(folder / "rtl" / file_name)
        sources[-1].write_text(text)
    if target.simulator == "verilator":
        control = folder / "rtl" / "public.vlt"
        lines = [f'public_flat_rw -module "{design.top}" -var "{signal}"' for signal in design.public]
        lines += [f'no_inline -module "{module}"' for module in design.apart]
        control.write_text("\n".join(["`verilator_config", *lines, ""]))
        sources.insert(0, control)
    if target.trace == "fst":
        for library in ("lz4", "z"):
            (folder / f"lib{library}.a").write_bytes(_EMPTY_ARCHIVE)
    with _process_environment(target.simulator):
        cocotb_tools.runner.MAX_PARALLEL_BUILD_JOBS = os.cpu_count() or 1
        try:
            cocotb_tools.runner.get_runner(target.simulator).build(
                sources=sources,
                hdl_toplevel=design.top,
                parameters=design.parameters,
                build_args=options,
                build_dir=folder,
                timescale=("1ps", "1ps"),
                waves=target.trace is not None,
                log_file=log,
                always=True,
            )
        except (SystemExit, RuntimeError, OSError) as error:
            raise SimulationError(f"{design.top}: does not compile{_tail(log)}") from error
    for leftover in chain.from_iterable(folder.glob(f"*.{suffix}") for suffix in ("gch", "o", "a", "d")):
        leftover.unlink()  # hundreds of megabytes, for a program that is never built again


@contextmanager
def _process_environment(simulator: Simulator) -> Iterator[None]:
    """cocotb's runner takes its environment from this process."""
    if simulator == "verilator":
        changes = verilator_environment()
    else:
        require("iverilog")
        changes = {}
    before = dict(os.environ)
    os.environ.update(changes)
    # A name of pytest's own in the environment would change where results go.
    os.environ.pop("PYTEST_CURRENT_TEST", None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _tail(log: Path, lines: int = 40) -> str:
    if not log.exists():
        return ""
    text = re.sub(r"\x1b\[[0-9;]*m", "", log.read_text(errors="replace"))
    return "\n" + "\n".join(text.splitlines()[-lines:]) + f"\n(all of it: {log})"
