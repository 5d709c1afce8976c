"""The results of a sweep as CSV and JSON."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from ..closed_form.estimate import ASSUMPTION
from ..events import UPPER_BOUND
from .description import SweepFile
from .engine import Row, Run
from .evaluate import UNITS

FIGURES = ("cycles", "time", "energy", "chip_energy", "area", "array_busy", "accuracy")
ASSUMED = f"{ASSUMPTION}; energies: {UPPER_BOUND}"


def as_csv(sweep: SweepFile, names: Sequence[str], rows: Sequence[Row]) -> str:
    """A line for each point: experiment, values, figures with their units, front, compiled cycles, reason of a failure.

    Parameters
    ----------
    names : sequence of str
        Of the experiments, in the order of the file.
    """
    figures = [name for name in FIGURES if name != "accuracy" or sweep.accuracy]
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    units = [f"{name} ({UNITS[name]})" for name in figures]
    lines.writerow(["experiment", *sweep.parameters, *units, "front", "compiled cycles", "error", "failed"])
    for row in rows:
        lines.writerow(
            [
                names[row.point.base],
                *(value if isinstance(value, int | float | str) else json.dumps(value) for value in row.point.values),
                *(row.outcome.get(name, "") for name in figures),
                int(row.in_front),
                row.exact_cycles or "",
                "" if row.error is None else f"{row.error:.4f}",
                row.outcome.get("failed", row.exact_failed),
            ]
        )
    return text.getvalue()


def as_json(sweep: SweepFile, run: Run, names: Sequence[str], version: str) -> dict[str, Any]:
    """Everything, for scripts."""
    return {
        "sweep": sweep.model_dump(mode="json"),
        "model": version,
        "assumption": ASSUMED,
        "units": {name: UNITS[name] for name in FIGURES},
        "points": [
            {
                "experiment": names[row.point.base],
                "values": dict(zip(sweep.parameters, row.point.values, strict=True)),
                **row.outcome,
                "front": row.in_front,
                **({"compiled_cycles": row.exact_cycles, "error": row.error} if row.exact_cycles else {}),
                **({"compiled_failed": row.exact_failed} if row.exact_failed else {}),
            }
            for row in run.rows
        ],
    }
