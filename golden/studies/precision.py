"""What each choice of bits for activations, weights and gradients costs and reaches: the Pareto front.

All combinations are trained shortened and once; those on the front again, in full and with more seeds. A result is
kept under the hash of its experiment, so that an interrupted study goes on and nothing stale is shown.
"""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from statistics import median

from pinta_hw.spec.digits import steps
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment, Precision, digest
from pinta_hw.spec.formats import SMX_BITS

from ..durable import write_whole
from ..metrics import finite
from ..trace import GemmTrace
from ..train import Trainer

PUBLISHED = (8, 8, 12)
"""The published bits of activations, weights and gradients; always confirmed."""
DEFAULT = (12, 8, 8)
"""What experiments have; always confirmed."""
WIDEST = (16, 16, 16)
"""What the format can reach at most; always confirmed."""

Bits = tuple[int, int, int]


@dataclass(frozen=True)
class Training:
    """One training and what it reached."""

    digest: str
    """Of its experiment, shortened."""
    activations: int
    weights: int
    gradients: int
    seed: int
    steps: int
    digit_cycles: int
    """Digit planes times byte planes of all products of one step: cycles of one block unit."""
    relative_l2: float
    """Infinite where the training lost its numbers."""

    @property
    def bits(self) -> Bits:
        return self.activations, self.weights, self.gradients


@dataclass(frozen=True)
class Choice:
    """All trainings of one combination."""

    bits: Bits
    digit_cycles: int
    errors: tuple[float, ...]
    """Ascending, one for each seed."""

    @property
    def error(self) -> float:
        return median(self.errors)


class Study:
    """Trainings of one experiment at many precisions, kept in a file.

    Parameters
    ----------
    experiment : Experiment
        Its precision section is replaced.
    path : Path
        JSON; read if it exists, and written after each training.

    Raises
    ------
    UserError
        If the file holds something else.
    """

    def __init__(self, experiment: Experiment, path: Path) -> None:
        self._experiment = experiment
        self._path = path
        self._kept = _read(path)

    def run(
        self, all_bits: Iterable[Bits], steps: int, seeds: int, progress: Callable[[int, int], None]
    ) -> list[Choice]:
        """Train what is missing; ``progress`` is told how many trainings are done, and of how many."""
        wanted = [(bits, self._variant(bits, steps, seed)) for bits in all_bits for seed in range(seeds)]
        for done, (bits, experiment) in enumerate(wanted):
            progress(done, len(wanted))
            if _key(experiment) not in self._kept:
                self._kept[_key(experiment)] = _train(experiment, bits)
                self._write()
        progress(len(wanted), len(wanted))
        found: dict[Bits, list[Training]] = {}
        for bits, experiment in wanted:
            found.setdefault(bits, []).append(self._kept[_key(experiment)])
        return [
            Choice(bits, own[0].digit_cycles, tuple(sorted(training.relative_l2 for training in own)))
            for bits, own in found.items()
        ]

    def _variant(self, bits: Bits, steps: int, seed: int) -> Experiment:
        activations, weights, gradients = bits
        widths = {"inputs": 16, "activations": activations, "weights": weights, "gradients": gradients}
        precision = Precision.model_validate({"arithmetic": "smx"} | widths)
        training = self._experiment.training.model_copy(update={"steps": steps, "seed": seed})
        return self._experiment.model_copy(update={"precision": precision, "training": training})

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        rows = [{name: finite(value) for name, value in asdict(one).items()} for one in self._kept.values()]
        lines = ",\n".join(json.dumps(row) for row in rows)
        write_whole(self._path, lambda stream: stream.write(f"[\n{lines}\n]\n".encode()))


def combinations() -> list[Bits]:
    """Activations, weights and gradients in every SMX width."""
    return list(product(SMX_BITS, SMX_BITS, SMX_BITS))


def block_cycles(bits: Bits) -> tuple[int, int, int]:
    """Cycles of one k-block in the forward product, the input's gradient and the weight's gradient."""
    activations, weights, gradients = bits
    return _cycles(activations, weights), _cycles(gradients, weights), _cycles(activations, gradients)


def front(choices: Sequence[Choice]) -> list[Choice]:
    """The choices that no other one betters in cycles or error without being worse in the other, cheapest first."""
    kept = [choice for choice in choices if not any(_dominates(other, choice) for other in choices)]
    return sorted(kept, key=lambda choice: (choice.digit_cycles, choice.error))


def sufficient(choices: Sequence[Choice]) -> list[Choice]:
    """The choices whose median does not exceed the worst seed of the widest: more bits gain nothing, cheapest first."""
    (widest,) = (choice for choice in choices if choice.bits == WIDEST)
    kept = [choice for choice in choices if choice.error <= widest.errors[-1]]
    return sorted(kept, key=lambda choice: (choice.digit_cycles, choice.error))


def confirmed(screened: Sequence[Choice]) -> list[Bits]:
    """What is trained in full: the front, the published bits, the default and the widest."""
    return list(dict.fromkeys([*(choice.bits for choice in front(screened)), PUBLISHED, DEFAULT, WIDEST]))


def _dominates(other: Choice, choice: Choice) -> bool:
    mine, theirs = (choice.digit_cycles, choice.error), (other.digit_cycles, other.error)
    return mine != theirs and theirs[0] <= mine[0] and theirs[1] <= mine[1]


def _cycles(a_bits: int, b_bits: int) -> int:
    """Of one k-block, with each operand on the side where it costs less."""
    return min(len(steps(a_bits, b_bits)), len(steps(b_bits, a_bits)))


def _key(experiment: Experiment) -> str:
    return digest(experiment)[:16]


def _train(experiment: Experiment, bits: Bits) -> Training:
    cycles = 0

    def count(trace: GemmTrace) -> None:
        nonlocal cycles
        rows, inner = trace.a.exponents.shape[:: -1 if trace.a_transposed else 1]
        columns = trace.b.exponents.shape[0 if trace.b_transposed else 1]
        cycles += rows * inner * columns * _cycles(trace.a.bits, trace.b.bits)

    Trainer(experiment, count).step()
    result = Trainer(experiment).run()
    error = result.relative_l2 if math.isfinite(result.relative_l2) else math.inf
    return Training(_key(experiment), *bits, experiment.training.seed, result.steps, cycles, error)


def _read(path: Path) -> dict[str, Training]:
    if not path.is_file():
        return {}
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(rows, list):
            raise TypeError("no list")
        lost = {"relative_l2": math.inf}
        kept = [Training(**(row | (lost if row["relative_l2"] is None else {}))) for row in rows]
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(f"{path}: is no result of this study; allowed: a file that it wrote, or none") from error
    return {training.digest: training for training in kept}
