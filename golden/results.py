"""Trained results that are kept, for those who read them."""

import json
import statistics
from dataclasses import dataclass
from pathlib import Path

from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment


@dataclass(frozen=True)
class KeptAccuracy:
    """A row of the accuracy table for one problem and network.

    Parameters
    ----------
    method : str
        The row's name.
    relative_l2, trivial_l2 : float
        Median over the seeds, and the best trivial predictor's.
    steps, seeds : int
        Trained steps, and trainings.
    files : tuple of str
        Of the results.
    """

    method: str
    relative_l2: float
    trivial_l2: float
    steps: int
    seeds: int
    files: tuple[str, ...]


def kept_accuracies(results: Path, experiment: Experiment) -> list[KeptAccuracy]:
    """What was trained of an experiment's problem with its hidden widths, by row and steps; best first.

    Raises
    ------
    UserError
        If a file of the folder is no result.
    """
    found: dict[tuple[str, int], list[tuple[float, float, str]]] = {}
    for path in sorted(results.glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(content, list):  # a study, which is no training
                continue
            trained, result = content["experiment"], content["result"]
            same = (trained["problem"]["name"], tuple(trained["network"]["hidden"]))
            key, error = (content["row"], result["steps"]), result["relative_l2"]
            if same == (experiment.problem.name, experiment.network.hidden) and error is not None:
                found.setdefault(key, []).append((error, result["trivial_l2"], path.name))
        except (ValueError, KeyError, TypeError) as wrong:
            raise UserError(f"{path}: is no result; allowed: files that `pinta accuracy` wrote") from wrong
    rows = [
        KeptAccuracy(
            method,
            statistics.median(error for error, _, _ in trained),
            trained[0][1],
            steps,
            len(trained),
            tuple(name for _, _, name in trained),
        )
        for (method, steps), trained in found.items()
    ]
    return sorted(rows, key=lambda row: (-row.steps, row.relative_l2))
