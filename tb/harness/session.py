"""A session with the accelerator in ``program.v``: commands in, answers out."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pinta_hw.accelerator import Accelerator
from pinta_hw.sequencer import CYCLE_BITS
from pinta_hw.spec.config import WORD_BITS, AcceleratorConfig
from pinta_hw.spec.isa.gemm import Gemm, encode
from rtl_gen.library import component_ports
from rtl_gen.verilog import modules
from tb.gemm.image import ScratchpadImage
from tb.runner import Build, Design, run

HARNESS = Path(__file__).with_name("program.v")
WORD_BYTES = WORD_BITS // 8


@dataclass(frozen=True)
class Program:
    """One program: what the scratchpad holds before it, its instructions, and the rows to read after it."""

    image: ScratchpadImage
    """Words marked as written are written; the rows read are replaced by what the accelerator holds."""
    instructions: tuple[Gemm, ...]
    rows: npt.NDArray[np.int64]
    limit_cycles: int
    """A program that takes longer than this is a failure."""


@dataclass(frozen=True)
class ProgramOutcome:
    """What the accelerator reported of one program."""

    instruction_cycles: tuple[int, ...]
    cycles: int
    nan: bool
    conflict: bool


@dataclass(frozen=True)
class SessionOutcome:
    """All programs of a session, and the speed at which they were simulated."""

    programs: tuple[ProgramOutcome, ...]
    simulated_cycles: int
    """Cycles in which a program ran."""
    seconds: float
    """Time that these cycles took on the host."""
    trace: Path | None

    @property
    def cycles_per_second(self) -> float:
        return self.simulated_cycles / self.seconds


def harness_design(config: AcceleratorConfig) -> Design:
    """The accelerator inside ``program.v``; only two of its signals are visible to Python."""
    name = f"pinta_{config.name}"
    accelerator = Accelerator(config)
    widths = {port: len(value) for port, (value, _) in component_ports(accelerator).items()}
    texts = modules(accelerator, name)
    sources = {f"{module}.v": text for module, text in texts.items()}
    sources["program_harness.v"] = HARNESS.read_text().replace("`DUT", name)
    parameters = {
        "BANKS": config.banks,
        "WORD_BITS": WORD_BITS,
        "ROW_BITS": widths["host_request__row"],
        "PROGRAM_BITS": widths["program_write__data"],
        "ADDRESS_BITS": widths["program_write__address"],
        "LENGTH_BITS": widths["length"],
        "CYCLE_BITS": CYCLE_BITS,
    }
    return Design("program_harness", sources, ("running", "finished"), parameters)


def run_programs(
    compiled: Build, config: AcceleratorConfig, programs: Sequence[Program], name: str = "run"
) -> SessionOutcome:
    """Run programs one after the other, each on the scratchpad that its image and its predecessors left.

    Parameters
    ----------
    compiled : Build
        A build of `harness_design` for ``config``.
    name : str
        Folder of this run's files, inside the build's.

    Raises
    ------
    AssertionError
        If a program does not end within its limit, or the accelerator answers something else than was asked.
    """
    folder = compiled.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    commands, answers, speed = folder / "commands", folder / "answers", folder / "speed.json"
    limit_cycles = 1000
    with commands.open("w") as file:
        for program in programs:
            lines = list(_commands(config, program))
            file.writelines(lines)
            limit_cycles += 2 * len(lines) + program.limit_cycles
    finished = run(
        compiled,
        "tb.harness.program_bench",
        name,
        environment={"PINTA_SPEED": str(speed), "PINTA_LIMIT_CYCLES": str(limit_cycles)},
        plusargs=[f"+commands={commands}", f"+answers={answers}"],
    )
    with answers.open() as file:
        outcomes = tuple(_read_answers(config, program, file) for program in programs)
        assert file.readline() == "", f"{answers}: more answers than commands"
    measured = json.loads(speed.read_text())
    return SessionOutcome(outcomes, measured["cycles"], measured["seconds"], finished.trace)


def packed_rows(config: AcceleratorConfig, image: ScratchpadImage) -> Iterator[tuple[int, int, int]]:
    """Rows with a written word: index, mask of its written banks, and its words, bank 0 in the lowest bits."""
    written = image.written.reshape(-1, config.banks)
    words = np.empty((*written.shape, WORD_BYTES), dtype=np.uint8)
    words[..., :8] = image.planes.astype("<u8").reshape(*written.shape, 1).view(np.uint8)
    words[..., 8] = image.exponents.reshape(written.shape)
    for row in np.flatnonzero(written.any(axis=1)).tolist():
        mask = sum(1 << bank for bank in np.flatnonzero(written[row]).tolist())
        yield row, mask, int.from_bytes(words[row].tobytes(), "little")


def _commands(config: AcceleratorConfig, program: Program) -> Iterator[str]:
    for row, mask, packed in packed_rows(config, program.image):
        yield f"w {row:x} {mask:x} {packed:x}\n"
    for address, instruction in enumerate(program.instructions):
        yield f"p {address:x} {encode(config, instruction):x}\n"
    yield f"s {len(program.instructions):x} {program.limit_cycles:x}\n"
    for row in program.rows.tolist():
        yield f"r {row:x}\n"


def _read_answers(config: AcceleratorConfig, program: Program, answers: Iterable[str]) -> ProgramOutcome:
    def expect(kind: str) -> list[str]:
        line = next(iter(answers), "")
        fields = line.split()
        assert fields, "the simulation ended before the program did"
        assert fields[0] != "t", f"the program did not end within {program.limit_cycles} cycles"
        assert fields[0] == kind, f"expected an answer {kind!r}, got {line[:60].strip()!r}"
        return fields[1:]

    cycles = tuple(int(expect("i")[0], 16) for _ in program.instructions)
    total, nan, conflict = expect("p")
    image = program.image
    planes, exponents = image.planes.reshape(-1, config.banks), image.exponents.reshape(-1, config.banks)
    for row in program.rows.tolist():
        (text,) = expect("d")
        assert not set(text) & set("xz"), f"row {row} holds undefined bits: {text}"
        words = np.frombuffer(bytes.fromhex(text)[::-1], dtype=np.uint8).reshape(config.banks, WORD_BYTES)
        planes[row] = np.ascontiguousarray(words[:, :8]).view("<u8")[:, 0]
        exponents[row] = words[:, 8]
    return ProgramOutcome(cycles, int(total, 16), nan == "1", conflict == "1")
