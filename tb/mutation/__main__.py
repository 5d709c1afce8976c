"""``python -m tb.mutation``: plant every fault of faults.yaml and print which test noticed it."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from .faults import load_faults
from .trial import Trial, copy_of_repository, try_fault

FAULTS = Path(__file__).with_name("faults.yaml")


def main(
    only: Annotated[str, typer.Option("--only", help="Only faults in files whose path contains this.")] = "",
    results: Annotated[Path, typer.Option("--results", help="JSON file; an interrupted run goes on from it.")] = Path(
        "build/reports/mutation.json"
    ),
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Also write the table as Markdown.")] = None,
    limit: Annotated[float, typer.Option("--limit", help="Seconds a trial may take; longer counts as noticed.")] = 300,
) -> None:
    """Plant single faults in the gateware; exit status 1 if the tests miss one that is not explained."""
    planted = [entry for entry in load_faults(FAULTS) if only in entry.fault.file]
    known = json.loads(results.read_text()) if results.exists() else {}
    console = Console(stderr=True)
    trials = []
    with Progress(console=console) as progress, copy_of_repository() as tree:
        for entry in progress.track(planted, description="faults"):
            if entry.key not in known:
                known[entry.key] = dataclasses.asdict(try_fault(tree, entry, limit))
                _write(results, json.dumps(known, indent=1))
            trial = Trial(**known[entry.key])
            trials.append(trial)
            if trial.verdict == "survived":
                console.print(f"survived: {trial.name}", markup=False)
    table = _table(trials)
    if markdown is not None:
        _write(markdown, table)
    print(table, end="")
    raise typer.Exit(any(trial.verdict == "survived" for trial in trials))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.rename(path)


def _table(trials: list[Trial]) -> str:
    killed = sum(trial.verdict == "killed" for trial in trials)
    lines = [f"{killed} of {len(trials)} planted faults noticed.", "", "| fault | file | verdict | noticed by |"]
    lines.append("|---|---|---|---|")
    lines += [f"| {trial.name} | {trial.file} | {trial.verdict} | {trial.noticed_by} |" for trial in trials]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
