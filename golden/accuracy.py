"""The accuracy table: trains what is missing, keeps each result by the hash of its experiment, writes the table."""

import hashlib
import json
import math
import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pinta_hw.spec.accuracy import Cell
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment, digest

from .durable import write_whole
from .run import EXPERIMENT, Run, RunResult
from .train import Trainer

_DIGITS = 16
_SUPERSEDED = " †"
_HEADINGS = (
    "| method | parameters | evaluations a step | steps | seconds | seeds | relative L2 error |",
    "|---|---|---|---|---|---|---|",
)


def result_path(results: Path, experiment: Experiment, baseline: str | None) -> Path:
    """Where a result is kept; the name holds the experiment's hash, so a changed experiment has no result."""
    method = f"{baseline}-" if baseline else ""
    return results / f"{experiment.name}-{method}{digest(experiment)[:_DIGITS]}.json"


def kept(results: Path, experiment: Experiment, baseline: str | None) -> RunResult | None:
    """The result of a training, if there is one.

    Raises
    ------
    UserError
        If the file is damaged or of another experiment.
    """
    path = result_path(results, experiment, baseline)
    if not path.is_file():
        return None
    try:
        result = RunResult.from_json(json.loads(path.read_text(encoding="utf-8"))["result"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: is no result; allowed: a file that `pinta accuracy` wrote, or none") from error
    if (result.digest, result.baseline) != (digest(experiment), baseline):
        raise UserError(f"{path}: is the result of another experiment; allowed: a file that `pinta accuracy` wrote")
    return result


def superseded(results: Path, experiment: Experiment, baseline: str | None) -> bool:
    """Whether a result is kept that the code no longer gives bit by bit; its file says since when."""
    path = result_path(results, experiment, baseline)
    return path.is_file() and "superseded" in json.loads(path.read_text(encoding="utf-8"))


def missing(cells: Mapping[str, Sequence[Cell]], results: Path) -> list[tuple[Cell, Experiment]]:
    """Trainings without a result: the first seed of every row in the order of the table, then the second, and so on.

    Those whose result is superseded come last.
    """
    every = [
        ((old, index), cell, experiment)
        for row in cells.values()
        for cell in row
        for index, experiment in enumerate(cell.runs)
        if (old := superseded(results, experiment, cell.row.baseline))
        or kept(results, experiment, cell.row.baseline) is None
    ]
    return [(cell, experiment) for _, cell, experiment in sorted(every, key=lambda one: one[0])]


def train(
    cell: Cell, experiment: Experiment, results: Path, runs: Path, execute: Callable[[Run], RunResult]
) -> RunResult:
    """One training, resumed if it was begun, and its result kept.

    Parameters
    ----------
    results, runs : Path
        Folders of the results and of the trainings' own folders.
    execute : callable
        Does all steps of a run.
    """
    baseline = cell.row.baseline
    path = result_path(results, experiment, baseline)
    again = "-again" if superseded(results, experiment, baseline) else ""
    folder = runs / (path.stem + again)
    run = Run(experiment, folder, resume=(folder / EXPERIMENT).is_file(), baseline=baseline)
    result = execute(run)
    results.mkdir(parents=True, exist_ok=True)
    content = {
        "row": cell.row.name,
        "first_step": first_step(experiment, baseline),
        "result": result.to_json(),
        "host": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "experiment": experiment.model_dump(mode="json", exclude_unset=True),
    }
    write_whole(path, lambda stream: stream.write((json.dumps(content, indent=2) + "\n").encode()))
    return result


def first_step(experiment: Experiment, baseline: str | None) -> str | None:
    """A hash of the master weights after the first step in SMX, by which a test tells whether a result still holds.

    Floating-point trainings have none: their bits depend on the processor and its libraries.
    """
    if baseline is not None or experiment.precision.arithmetic != "smx":
        return None
    trainer = Trainer(experiment)
    trainer.step()
    content = hashlib.sha256()
    for name, value in trainer.optimizer.parameters.items():
        content.update(name.encode() + value.astype("<f4").tobytes())
    return content.hexdigest()[:_DIGITS]


def markdown(cells: Mapping[str, Sequence[Cell]], results: Path, command: str) -> str:
    """The table as a page."""
    lines = [
        "# Accuracy",
        "",
        f"Written by `{command}` from the results in `docs/results/data`, each of which is named after the hash of the",
        "experiment that gave it. Relative L2 error over the test points: the median over the seeds, and the range.",
        "An evaluation is one row through all layers in the forward pass; automatic differentiation counts its points.",
        "Seconds are those of the steps of one training, on one core that other work shared: they compare roughly.",
        "*Not run* has no result yet. Why tensor trains take larger steps: [initial",
        "weights](../decisions/initial-weights.md).",
        "",
        f"{_SUPERSEDED.strip()} Some or all seeds were trained with an earlier order of additions. The code of today",
        "gives other last bits, and errors that scatter as those of seeds do; `pinta accuracy` trains them again.",
    ]
    for name, row in cells.items():
        found = [[kept(results, run, cell.row.baseline) for run in cell.runs] for cell in row]
        known = next((result for cell in found for result in cell if result is not None), None)
        trivial = f"`{known.trivial}`: {_short(known.trivial_l2)}" if known else "not run"
        lines += ["", f"## {name}", "", f"Best trivial predictor, {trivial}."]
        for shortened in (False, True):
            rows = [
                _line(cell, [r for r in of if r is not None], results)
                for cell, of in zip(row, found, strict=True)
                if cell.row.shortened == shortened
            ]
            if rows:
                lines += ["", "Shortened, all rows alike:"] if shortened else []
                lines += ["", *_HEADINGS, *rows]
    return "\n".join(lines) + "\n"


def _line(cell: Cell, results: Sequence[RunResult], folder: Path) -> str:
    steps = cell.runs[0].training.steps
    shown = f"{steps:,}" if steps == cell.full_steps else f"{steps:,} of {cell.full_steps:,}"
    if not results:
        return f"| {cell.row.name} | | | {shown} | | | not run |"
    one = results[0]
    errors = sorted(result.relative_l2 for result in results)
    error = _short(errors[(len(errors) - 1) // 2])
    if len(errors) > 1:
        error += f" ({_short(errors[0])} to {_short(errors[-1])})"
    if any(superseded(folder, run, cell.row.baseline) for run in cell.runs):
        error += _SUPERSEDED
    seconds = sorted(result.seconds for result in results)[(len(results) - 1) // 2]
    count = str(len(results)) if len(results) == len(cell.runs) else f"{len(results)} of {len(cell.runs)}"
    columns = (cell.row.name, f"{one.parameters:,}", f"{one.evaluations:,}", shown, f"{seconds:,.0f}", count, error)
    return f"| {' | '.join(columns)} |"


def _short(value: float) -> str:
    return f"{value:.2g}" if math.isfinite(value) else "not finite"
