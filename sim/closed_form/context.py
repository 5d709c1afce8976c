"""What all micro-batches of a step share."""

from dataclasses import dataclass
from functools import cached_property

from pinta_hw.spec.experiment import Experiment, Precision

from .estimators import RULES, Rules
from .layers import LayerShape
from .problem import ProblemShape


@dataclass(frozen=True)
class Chunk:
    """Directions that are carried together: of space, and time."""

    space: int
    time: int
    number: int

    @property
    def counts(self) -> tuple[int, int]:
        """Planes of each group."""
        return self.space, self.time


@dataclass(frozen=True)
class StepContext:
    """What all micro-batches of a step share."""

    experiment: Experiment
    problem: ProblemShape
    layers: tuple[LayerShape, ...]

    @cached_property
    def _precisions(self) -> list[Precision]:
        count = len(self.layers)
        return [self.experiment.precision.for_layer(index, count) for index in range(count)]

    def at(self, index: int) -> Precision:
        """Precisions of a layer."""
        return self._precisions[index]

    @cached_property
    def directions(self) -> int:
        """Directions of space."""
        if not self.problem.outputs & {"direction", "laplacian"}:
            return 0
        count = self.experiment.estimator.count
        return self.problem.space if count is None else count

    @cached_property
    def along_axes(self) -> bool:
        """Whether each direction is one coordinate's."""
        return self.experiment.estimator.directions == "coordinate"

    @cached_property
    def fixed(self) -> bool:
        """Whether all steps have the same directions."""
        return self.along_axes and self.directions == self.problem.space

    @cached_property
    def chunks(self) -> list[Chunk]:
        """All directions, then time."""
        size, space = self.experiment.estimator.chunk, self.directions
        total = space + ("time" in self.problem.outputs)
        return [
            Chunk(max(0, min(size, space - at)), int(at + size > space and total > space), number)
            for number, at in enumerate(range(0, total, size))
        ]

    @cached_property
    def rules(self) -> Rules:
        """Of the estimator."""
        return RULES[self.experiment.estimator.name]

    @cached_property
    def laplacian_row(self) -> bool:
        """Whether the Laplacian is a row of its own."""
        return self.rules.laplacian_row and "laplacian" in self.problem.outputs

    @cached_property
    def reduced(self) -> list[str]:
        """Kinds of outputs that are sums over the directions."""
        found: list[str] = [name for name in ("direction", "time") if name in self.problem.outputs]
        if "laplacian" in self.problem.outputs and not self.laplacian_row:
            found.append("laplacian")
        return found
