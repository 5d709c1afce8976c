"""Many instructions through the Verilog of the residual unit and the update unit."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.fields import pack, width_of
from pinta_hw.spec.isa.real import Update, Vector, update_fields, update_values, vector_fields, vector_values
from pinta_hw.spec.isa.real_memory import REAL_BANKS
from pinta_hw.spec.real_timing import update_cycles, vector_cycles
from rtl_gen.verilog import modules
from tb.runner import Build, Design, Simulator, build, run

from .cases import Case
from .executor import execute
from .reference import Bits, describe
from .units_on_memory import UnitsOnMemory

HARNESS = Path(__file__).with_name("units_on_memory.v")
LIMIT_CYCLES = 1 << 20
_REPEATED = ("adder", "divider", "multiplier", "square_root")
"""Modules with many instances, which compile much faster as functions of their own."""


def build_units_on_memory(config: AcceleratorConfig, simulator: Simulator = "verilator") -> Build:
    """The units inside ``units_on_memory.v``."""
    name = "units_on_memory"
    texts = modules(UnitsOnMemory(config), name)
    for module in _REPEATED:
        text = texts[f"{name}_{module}"]
        texts[f"{name}_{module}"] = text.replace(");\n", ");\n  /* verilator no_inline_module */\n", 1)
    sources = {f"{module}.v": text for module, text in texts.items()}
    top = f"{name}_harness"
    sources[f"{top}.v"] = HARNESS.read_text().replace("`DUT", name)
    parameters = {
        "ROW_BITS": (config.real_memory_words // REAL_BANKS - 1).bit_length(),
        "VECTOR_BITS": width_of(vector_fields(config)),
        "UPDATE_BITS": width_of(update_fields(config)),
    }
    return build(Design(top, sources, ("finished",), parameters), simulator)


def expected_cycles(config: AcceleratorConfig, instruction: Vector | Update) -> int:
    """What the timing formulas say."""
    if isinstance(instruction, Vector):
        return vector_cycles(config, instruction)
    return update_cycles(config, instruction)


def rows_of(first: int, words: int) -> range:
    """Rows that hold any of these words."""
    return range(first // REAL_BANKS, (first + words - 1) // REAL_BANKS + 1)


def check_cases(compiled: Build, config: AcceleratorConfig, cases: Sequence[Case], name: str) -> None:
    """Run one case after the other; compare the duration, the rows it writes, and at the end every word of the memory.

    Raises
    ------
    AssertionError
        At the first difference.
    """
    folder = compiled.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    commands, answers = folder / "commands", folder / "answers"
    memory = np.zeros(config.real_memory_words, dtype=np.uint32)
    expected: list[tuple[str, str]] = []  # answer, and what it belongs to
    cycles = 1000
    with commands.open("w") as file:
        for row in range(len(memory) // REAL_BANKS):
            file.write(f"w {row:x} 0\n")
        for number, case in enumerate(cases):
            file.writelines(_commands(config, memory, case))
            duration = expected_cycles(config, case.instruction)
            cycles += 2 * duration + 8 * sum(map(len, case.contents.values())) + 1000
            expected.append((f"c {duration:08x} 0", f"case {number}: {case.instruction}"))
            for first, words in case.results:
                for row in rows_of(first, words):
                    expected.append((_answer(memory, row), f"case {number}: {case.instruction}, row {row}"))
        for row in range(len(memory) // REAL_BANKS):
            file.write(f"r {row:x}\n")
            expected.append((_answer(memory, row), f"after all, row {row}"))
    run(
        compiled,
        "tb.real.units_bench",
        name,
        environment={"REAL_LIMIT_CYCLES": str(cycles + 8 * len(memory))},
        plusargs=[f"+commands={commands}", f"+answers={answers}", f"+limit={LIMIT_CYCLES}"],
    )
    given = answers.read_text().splitlines()
    for (answer, what), line in zip(expected, given, strict=False):
        assert line == answer, f"{what}: {_readable(line)}, expected {_readable(answer)}"
    assert len(given) == len(expected)


def _commands(config: AcceleratorConfig, memory: Bits, case: Case) -> Iterator[str]:
    for first, words in case.contents.items():
        memory[first : first + len(words)] = words
    for first, words in case.contents.items():
        for row in rows_of(first, len(words)):
            yield f"w {row:x} {_answer(memory, row)[2:]}\n"
    instruction = case.instruction
    if isinstance(instruction, Vector):
        yield f"v {pack(vector_fields(config), vector_values(instruction)):x}\n"
    else:
        yield f"u {pack(update_fields(config), update_values(instruction)):x}\n"
    execute(config, memory, instruction)
    for first, words in case.results:
        for row in rows_of(first, words):
            yield f"r {row:x}\n"


def _answer(memory: Bits, row: int) -> str:
    return "d " + "".join(f"{word:08x}" for word in memory[REAL_BANKS * row : REAL_BANKS * (row + 1)][::-1])


def _readable(answer: str) -> str:
    kind, _, rest = answer.partition(" ")
    if kind == "c":
        cycles, _, conflict = rest.partition(" ")
        return f"{int(cycles, 16)} cycles" + (", a conflict" if conflict == "1" else "")
    if kind == "d":
        words = [int(rest[start : start + 8], 16) for start in range(0, len(rest), 8)]
        return ", ".join(describe(word) for word in reversed(words))
    return "no end"
