"""Many operands through the Verilog of the FP32 units."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pinta_hw.spec.real import REAL_TIMING, RealOperation
from rtl_gen.verilog import modules
from tb.runner import Build, Design, Simulator, build, run

from .reference import Bits
from .stream_units import OPERATIONS, StreamUnits

HARNESS = Path(__file__).with_name("units.v")
DEPTH = 1 << 20
"""Pairs of operands that the harness holds."""
_CHANCES = 256


@dataclass(frozen=True)
class Outcome:
    """Results in order, and the cycles from the first acceptance to the last result."""

    results: Bits
    cycles: int


def build_units(simulator: Simulator = "verilator") -> Build:
    """The units inside ``units.v``; only one of its signals is visible to Python."""
    name = "real_units"
    sources = {f"{module}.v": text for module, text in modules(StreamUnits(), name).items()}
    sources["real_harness.v"] = HARNESS.read_text().replace("`DUT", name)
    return build(Design("real_harness", sources, ("finished",), {"DEPTH": DEPTH}), simulator)


def run_unit(
    compiled: Build,
    operation: RealOperation,
    a: Bits,
    b: Bits,
    seed: int,
    offer: float = 1.0,
    accept: float = 1.0,
) -> Outcome:
    """Results of an operation's unit, at most `DEPTH` of them.

    Parameters
    ----------
    seed : int
        Of the gaps and stalls; not 0.
    offer, accept : float
        Chance of offering operands, and of accepting a result, in a cycle.

    Raises
    ------
    AssertionError
        If results are missing, or one changed while it was offered.
    """
    count = len(a)
    assert 0 < count <= DEPTH
    name = f"{operation.value}-{count}-{offer}-{accept}"  # tests that share the build may run at the same time
    folder = compiled.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    operands, results = folder / "operands", folder / "results"
    pairs = np.stack([a, b], axis=1).astype(">u4").tobytes()
    operands.write_text(pairs.hex("\n", 8) + "\n")
    timing = REAL_TIMING[operation]
    cycles_each = timing.interval_cycles + 2 / offer + 2 / accept
    run(
        compiled,
        "tb.real.units_bench",
        name,
        environment={"REAL_LIMIT_CYCLES": str(1000 + round(2 * count * cycles_each))},
        plusargs=[
            *(f"+operands={operands}", f"+results={results}", f"+count={count}", f"+seed={seed}"),
            f"+operation={OPERATIONS.index(operation)}",
            *(f"+offer={round(offer * _CHANCES)}", f"+accept={round(accept * _CHANCES)}"),
        ],
    )
    words = results.read_bytes().split()
    assert len(words) == count + 2, f"{len(words) - 2} results of {count}"
    assert int(words[-1], 16) == 0, "a result changed while it was offered"
    bits = np.frombuffer(bytes.fromhex(b"".join(words[:-2]).decode()), dtype=">u4").astype(np.uint32)
    return Outcome(bits, int(words[-2], 16))
