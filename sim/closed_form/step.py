"""All operations of a training step, from the experiment alone.

This follows `golden.step` and `golden.differentiation`, which define the algorithm, and counts what they ask for. The
tests hold the cycles of every unit and the events to those of the compiled program.
"""

from collections import Counter
from dataclasses import dataclass

from pinta_hw.spec.experiment import Experiment, Training
from pinta_hw.spec.formats import BLOCK_SIDE, blocks
from pinta_hw.spec.isa.real import ADAM_SCALARS, Optimizer, VectorOperation
from pinta_hw.spec.isa.transfer import Direction

from .context import StepContext
from .layers import layer_shapes
from .micro_batch import MicroBatch
from .problem import ProblemShape
from .tables import Table
from .work import Beats, Learning, Numbers, Phases, Work


@dataclass(frozen=True)
class StepWork:
    """What a step does.

    Parameters
    ----------
    phases : mapping of str to Counter
        Operations by phase; transfers of tables are not among them.
    tables : Counter of Table
        What comes from the memory outside.
    parameters : int
        Trained numbers.
    kept_words : int
        Scratchpad words, about, of what a micro-batch keeps between forward and backward pass.
    largest_words : int
        Of the rows of one layer of a chunk.
    """

    phases: Phases
    tables: Counter[Table]
    parameters: int
    kept_words: int
    largest_words: int


def step_work(experiment: Experiment, problem: ProblemShape) -> StepWork:
    """The work of a step; it depends on no accelerator. The last thousands of experiments are remembered."""
    said = experiment.model_dump_json(exclude={"name", "problem", "accelerator"})
    if (said, problem) not in _KNOWN:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.pop(next(iter(_KNOWN)))
        _KNOWN[said, problem] = _step_work(experiment, problem)
    return _KNOWN[said, problem]


_KNOWN: dict[tuple[str, ProblemShape], StepWork] = {}
_MOST_KNOWN = 4096


def _step_work(experiment: Experiment, problem: ProblemShape) -> StepWork:
    layers = layer_shapes(problem.dimensions, experiment.network)
    context = StepContext(experiment, problem, tuple(layers))
    phases: Phases = {}
    tables: Counter[Table] = Counter()

    weights = phases.setdefault("weights", Counter())
    for index, layer in enumerate(layers):
        layer.encode(weights, context.at(index).weights)
    sizes = micro_batches(experiment.training, problem.conditions)
    begun = None
    kept = largest = 0
    for (points, others), times in Counter(sizes).items():
        batch = MicroBatch(context, points, others)
        kept, largest = max(kept, batch.kept_words), max(largest, batch.largest_words)
        for name, counts in batch.phases.items():
            own = phases.setdefault(name, Counter())
            for work, count in counts.items():
                own[work] += count * times
        for table, count in batch.tables.items():
            tables[table] += count * times
        if begun is None:
            # What a step contracts first replaces what lies there.
            begun = Counter(batch.begun.values())
            for product, count in begun.items():
                phases["backward"][product] -= count
                phases["backward"][product._replace(accumulate=False)] += count
    _losses(phases.setdefault("loss", Counter()), problem, experiment.training, sizes)
    collect = phases.setdefault("weights' gradients", Counter())
    for layer in layers:
        layer.collect(collect)
    parameters = sum(layer.parameters for layer in layers)
    optimizer = Optimizer.ADAM if experiment.training.optimizer == "adam" else Optimizer.SGD
    phases["update"] = Counter({Learning(optimizer, parameters): 1})
    phases["store"] = Counter({Beats(Direction.STORE_REAL, 1): 1 + problem.conditions})
    tables[Table.of_numbers(len(ADAM_SCALARS) if optimizer is Optimizer.ADAM else 1)] += 1
    return StepWork(phases, tables, parameters, kept, largest)


def micro_batches(training: Training, conditions: int) -> list[tuple[int, int]]:
    """Interior and boundary points of each micro-batch, as `golden.step` cuts them."""
    interior, boundary, most = training.interior, conditions * training.boundary, training.micro_batch
    count = -(-max(interior, boundary) // most)
    return list(zip(_parts(interior, count, most), _parts(boundary, count, most), strict=True))


def _parts(points: int, count: int, most: int) -> list[int]:
    least, larger = divmod(blocks(points), count)
    sizes = [BLOCK_SIDE * (least + (part < larger)) for part in range(count)]
    if sizes[0] > most:
        sizes = [-(-points // count)] * count
    ends = [min(sum(sizes[: part + 1]), points) for part in range(count)]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def _losses(work: Counter[Work], problem: ProblemShape, training: Training, sizes: list[tuple[int, int]]) -> None:
    """Sums of squares, which are computed for each micro-batch's numbers in one piece."""
    for term in range(1 + problem.conditions):
        pieces = [points for points, _ in sizes]
        total = training.interior
        if term:
            total = training.boundary
            pieces = _cut([others for _, others in sizes], (term - 1) * total, term * total)
        for length in pieces:
            if length:
                work[Numbers(VectorOperation.MULTIPLY, length)] += 1
        work[Numbers(VectorOperation.SUM, total)] += 1
        work[Numbers(VectorOperation.MULTIPLY, 1)] += 1


def _cut(pieces: list[int], first: int, end: int) -> list[int]:
    """The lengths of what lies between two places of a row of pieces."""
    found, at = [], 0
    for length in pieces:
        found.append(max(0, min(at + length, end) - max(at, first)))
        at += length
    return found
