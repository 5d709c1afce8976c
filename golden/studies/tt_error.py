"""Error of a tensor-train layer by schedule, over ranks and depths.

One layer with random cores meets random rows in SMX; the reference is the same layer with the same operands in float64.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.experiment import Precision
from pinta_hw.spec.formats import SmxFormat

from ..arithmetic import Arithmetic, FloatArithmetic, Role, SmxArithmetic
from ..row_sums import contracted
from ..tt import SCHEDULES, Sequential, TensorTrainLayer, TrainShape, balanced_modes, largest_ranks

Floats = npt.NDArray[np.float64]

DEPTHS = (2, 3, 4)
RANKS = (2, 4, 8, 16)
KINDS: dict[str, Callable[[str, TrainShape], TensorTrainLayer]] = {
    **SCHEDULES,
    "sequential-rounded": partial(Sequential, rounded_rows=True),
}
"""The schedules; the last one also rounds x and the outputs' gradient again as it re-blocks them."""
RESULTS = ("forward", "input gradient", "core gradients")


@dataclass(frozen=True)
class Row:
    """One schedule at one rank and depth."""

    depth: int
    """Modes on each side: the train has twice as many cores."""
    rank: int
    """Largest rank; it is lower where the modes cannot use it."""
    schedule: str
    errors: dict[str, float]
    """Relative error (Euclidean norm) of each of `RESULTS`, root mean square over the seeds."""


def run(
    bits: int = 8,
    width: int = 256,
    rows: int = 64,
    seeds: int = 4,
    depths: Sequence[int] = DEPTHS,
    ranks: Sequence[int] = RANKS,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Row]:
    """Measure all schedules.

    Parameters
    ----------
    bits : int
        SMX width of activations, weights, gradients and intermediates.
    width : int
        Inputs and outputs of the layer.
    rows : int
        Rows of x and of the outputs' gradient, standard normal.
    seeds : int
        Random layers and rows, seeded 0, 1 and so on.
    depths, ranks : sequence of int
        What to measure.
    progress : callable
        Told what comes next.

    Raises
    ------
    UserError
        If ``bits`` is no SMX width.
    """
    bits = SmxFormat(bits).bits
    precision = Precision.model_validate({"activations": bits, "weights": bits, "gradients": bits})
    found = []
    for depth in depths:
        for rank in ranks:
            progress(f"{depth} modes, rank {rank}")
            modes = balanced_modes(width, depth)
            shape = TrainShape(modes[::-1], modes, largest_ranks(modes[::-1], modes, rank))
            measured = [dict(_measure(shape, precision, rows, seed)) for seed in range(seeds)]
            for schedule in KINDS:
                squares = np.mean([np.square(each[schedule]) for each in measured], axis=0)
                errors = dict(zip(RESULTS, np.sqrt(squares).tolist(), strict=True))
                found.append(Row(depth, rank, schedule, errors))
    return found


def _measure(shape: TrainShape, precision: Precision, rows: int, seed: int) -> Iterator[tuple[str, list[float]]]:
    rng = np.random.default_rng([seed, *shape.ranks])
    parameters = {
        name: value.astype(np.float32).astype(np.float64)
        for name, value in SCHEDULES["full"]("layer", shape).initial(rng).items()
    }
    x, g = rng.standard_normal((rows, shape.columns)), rng.standard_normal((rows, shape.rows))
    exact = _results(SCHEDULES["full"]("layer", shape), FloatArithmetic(np.float64), parameters, x, g)
    arithmetic = SmxArithmetic(precision)
    for name, schedule in KINDS.items():
        results = _results(schedule("layer", shape), arithmetic, parameters, x, g)
        pairs = zip(results, exact, strict=True)
        yield name, [float(np.linalg.norm(got - right) / np.linalg.norm(right)) for got, right in pairs]


def _results(
    layer: TensorTrainLayer, arithmetic: Arithmetic, parameters: dict[str, Floats], x: Floats, g: Floats
) -> list[Floats]:
    """The three results, each as one vector; a core's gradient counts times its core's norm."""
    tensors = layer.encode(arithmetic, parameters)
    inputs = {"direction0": arithmetic.encode(x, Role.ACTIVATION)}
    y, kept = layer.forward(arithmetic, tensors, inputs)
    gradients = {"direction0": arithmetic.encode(g, Role.GRADIENT)}
    pairs, dx = layer.backward(arithmetic, tensors, inputs, kept, gradients, inputs=True)
    cores = layer.cores_of(layer.collect(arithmetic, tensors, contracted(arithmetic, pairs)))
    # So it does not matter how the weight's scale is shared among the cores.
    weighted = [
        np.ravel(core) * np.linalg.norm(parameter)
        for core, parameter in zip(cores, layer.cores_of(parameters), strict=True)
    ]
    outputs = (arithmetic.decode(each["direction0"]).astype(np.float64).ravel() for each in (y, dx))
    return [*outputs, np.concatenate(weighted).astype(np.float64)]
