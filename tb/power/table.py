"""The energy table `asap7`, derived from netlists."""

from collections.abc import Mapping
from typing import Any

import yaml

from rtl_gen.synthesis.sram import SramBank
from sim.events import Event

from .characterization import Energies

_DIGITS = 4
_OPERATIONS: dict[str, tuple[Event | None, str]] = {
    "digit_multiply": (
        Event.DIGIT_MULTIPLY,
        "block unit: what a product takes whatever its digits are: registers and their clock",
    ),
    "live_multiply": (Event.LIVE_MULTIPLY, "block unit: what it takes more if neither digit is zero: product and sum"),
    "digit_add": (None, "in live_multiply: products and sums are one netlist"),
    "accumulate": (Event.ACCUMULATE, "block unit: the clock of its registers"),
    "live_accumulate": (
        Event.LIVE_ACCUMULATE,
        "block unit: what it takes more if neither block is zero: alignment, addition, registers",
    ),
    "align": (None, "in live_accumulate: shifters and adders are one netlist"),
    "quantize": (Event.QUANTIZE, "quantizer of the array; the same for those of other units"),
    "round": (
        Event.ROUND,
        "rounding to FP32 and the way to the real memory, of the GEMM unit; the same for the converter",
    ),
    "element_multiply": (Event.ELEMENT_MULTIPLY, "elementwise unit, from its operand registers to its result"),
    "element_add": (Event.ELEMENT_ADD, "elementwise unit"),
    "table_read": (Event.TABLE_READ, "elementwise unit: range reduction and coefficients, the table as logic"),
    "fetch": (Event.FETCH, "GEMM unit: addresses, switch, transposer, registers; the same for the elementwise unit"),
    "convert": (Event.CONVERT, "converter: all that its quantizations and roundings do not explain"),
    "vector": (Event.VECTOR, "residual unit: all that its operations do not explain"),
    "real_add": (Event.REAL_ADD, "adders of the update unit, and their share of its pipeline"),
    "real_multiply": (Event.REAL_MULTIPLY, "multipliers of the update unit, and their share of its pipeline"),
    "real_divide": (Event.REAL_DIVIDE, "dividers of the update unit, and their share of its pipeline"),
    "real_square_root": (Event.REAL_SQUARE_ROOT, "square roots of the update unit, and their share of its pipeline"),
    "scratchpad_word": (Event.SCRATCHPAD_READ, "switch between clients and banks"),
    "real_word": (Event.REAL_READ, "switch between clients and banks, rotation included"),
    "beat": (Event.BEAT, "transfer unit"),
    "instruction": (Event.INSTRUCTION, "control and host port: streams, counters of cycles"),
}


def table_yaml(
    energies: Energies,
    banks: tuple[SramBank, ...],
    outside: Mapping[str, Any],
    source: str,
    provenance: Mapping[str, str],
) -> str:
    """The table as YAML.

    Parameters
    ----------
    energies : Energies
    banks : tuple of SramBank
    outside : mapping
        Key ``outside_memory`` of the table.
    source : str
        One sentence.
    provenance : mapping of str to str
        What was used, and how to do it again.
    """
    content = {
        "name": "asap7",
        "node_nm": 7,
        "source": source,
        "provenance": dict(provenance),
        "operations": {
            name: {"energy_pj": _rounded(energies.events_pj[event] if event else 0.0), "derivation": text}
            for name, (event, text) in _OPERATIONS.items()
        },
        "sram": _sram(banks),
        "outside_memory": dict(outside),
        "standing": {
            "clock_pj": {part: _rounded(energy) for part, energy in energies.clock_pj.items()},
            "leakage_nw_per_um2": _rounded(energies.leakage_nw_per_um2),
            "derivation": "the clock of registers without a gate, measured while a part does nothing; leakage of "
            "cells; memory banks leak nothing here, because their libraries state nothing",
        },
        "excluded": ["wires and clock tree (before layout)", "glitches", "leakage of memory banks"],
    }
    return yaml.safe_dump(content, sort_keys=False, width=118, allow_unicode=True)


def _sram(banks: tuple[SramBank, ...]) -> dict[str, Any]:
    """Every ASAP7 bank states the energy of the 8 KiB bank of 64 bits, whatever its size."""
    points = {bank.words * 64 / 8 / 1024: bank.read_pj for bank in banks if bank.bits == 64}
    if len(set(points.values())) == 1:
        points = {max(points): next(iter(points.values()))}
    return {
        "width_bits": 64,
        "points": [{"capacity_kib": size, "energy_pj": _rounded(energy)} for size, energy in points.items()],
        "derivation": "a clock cycle that reads, both edges and rails: all libraries state one figure, taken as "
        "that of an 8 KiB bank of 64 bits; in proportion to the width; a write, for which they state less, as a read",
    }


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
