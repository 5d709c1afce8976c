"""One training step up to its gradients, in any arithmetic: the one definition that training and lowering share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from pinta_hw.spec.experiment import Training
from pinta_hw.spec.formats import BLOCK_SIDE, blocks

from .arithmetic import Arithmetic
from .differentiation import Differentiation
from .estimators.directions import Frame
from .layers import Parameters
from .network import Network
from .problems import BOUNDARY_SCALE, RESIDUAL_SCALE, Points, Problem
from .real import Reals, rounded

T = TypeVar("T")


@dataclass(frozen=True)
class Step(Generic[T]):
    """Gradients and losses of a step.

    Parameters
    ----------
    network : Network
        What is trained.
    problem : Problem
        What it is trained on.
    arithmetic : Arithmetic
        What everything is computed in.
    training : Training
        The section of the experiment.
    """

    network: Network
    problem: Problem
    arithmetic: Arithmetic[T]
    training: Training

    def gradients(
        self, parameters: Mapping[str, Reals], interior: Points, boundary: Points, frame: Frame
    ) -> tuple[Parameters, dict[str, Reals]]:
        """Gradients of all parameters and the weighted loss of each term, micro-batch by micro-batch, ascending.

        Parameters
        ----------
        parameters : mapping of arrays
            Master weights.
        interior, boundary : float64 arrays, shapes (N, D) and (B, D)
            Points as the network sees them.
        frame : Frame
            Directions at the interior points.
        """
        size = self.training.micro_batch
        enter, last = self.arithmetic.enter, 0
        enter("weights", 0)
        tensors = self.network.encode(self.arithmetic, parameters)
        constants = self.constants(interior, boundary)
        sums: dict[str, Reals] = {}
        residuals: dict[str, list[Reals]] = {term.residual: [] for term in self.problem.loss}
        count = -(-max(len(interior), len(boundary)) // size)
        for last, parts in enumerate(
            zip(_parts(len(interior), count, size), _parts(len(boundary), count, size), strict=True)
        ):
            enter("forward", last)
            some = interior[parts[0]], boundary[parts[1]]
            run = Differentiation(self.network, self.arithmetic, tensors, *some, frame.part(parts[0]))
            inputs = {
                name: value[part] if value.ndim else value
                for group, part in zip(constants, parts, strict=True)
                for name, value in group.items()
            }
            enter("residual", last)
            registers = self.arithmetic.run_program(self.problem.program, inputs | run.outputs)
            outputs = self.problem.gradients.keys() & run.outputs.keys()
            enter("backward", last)
            run.backward({plane: registers[self.problem.gradients[plane]] for plane in sorted(outputs)}, sums)
            for register, found in residuals.items():
                found.append(registers[register])
        enter("loss", last)
        losses = self.losses({register: np.concatenate(parts) for register, parts in residuals.items()})
        enter("weights' gradients", last)
        return self.network.collect(self.arithmetic, tensors, sums), losses

    def constants(self, interior: Points, boundary: Points) -> tuple[dict[str, Reals], dict[str, Reals]]:
        """Constants of the program at the points, rounded: arrays (N, 1) and (B, 1), or scalars."""
        dtype, (residual, *conditions) = self.arithmetic.dtype, self.problem.loss
        inside, outside = (
            {name: rounded(value, dtype) for name, value in constants.items()}
            for constants in self.problem.constants(interior, boundary)
        )
        inside[RESIDUAL_SCALE] = np.asarray(2 * residual.weight / len(interior), dtype)
        if conditions:
            count = len(boundary) // len(conditions)
            weights = np.repeat([term.weight for term in conditions], count)[:, None]
            outside[BOUNDARY_SCALE] = (2 * weights / count).astype(dtype)
        return inside, outside

    def losses(self, residuals: Mapping[str, Reals]) -> dict[str, Reals]:
        """Weighted means of squares, from the registers that hold the residuals of all points."""
        residual, *conditions = self.problem.loss
        parts = {residual.name: (residuals[residual.residual], residual.weight)}
        for index, term in enumerate(conditions):
            parts[term.name] = np.split(residuals[term.residual], len(conditions))[index], term.weight
        return {
            name: self.arithmetic.sum_squares(part, np.asarray(weight / len(part), self.arithmetic.dtype))
            for name, (part, weight) in parts.items()
        }


def _parts(points: int, count: int, most: int) -> list[slice]:
    """Points cut into micro-batches of at most ``most``, as equal as whole blocks allow: none is empty if possible."""
    least, larger = divmod(blocks(points), count)
    sizes = [BLOCK_SIDE * (least + (part < larger)) for part in range(count)]
    if sizes[0] > most:
        sizes = [-(-points // count)] * count
    ends = np.minimum(np.cumsum(sizes), points).tolist()
    return [slice(begin, end) for begin, end in zip([0, *ends], ends, strict=False)]
