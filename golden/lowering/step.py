"""One training step as a tape."""

from dataclasses import dataclass

import numpy as np

from pinta_hw.spec.isa.instruction import Operation, Unit
from pinta_hw.spec.isa.real import ADAM_SCALARS, Optimizer, Update

from ..layers import Parameters
from ..optim import make_optimizer
from ..train import Trainer
from .reals import Addresses
from .recorder import Recorder
from .tape import Places, RealTable, Tape, Use

SCALARS = "optimizer"
"""The real buffer of `ADAM_SCALARS`."""


@dataclass(frozen=True)
class RecordedStep:
    """A step and where its numbers are.

    Parameters
    ----------
    tape : Tape
        Its operations, in order.
    parameters : dict of addresses
        Master weights, in the shapes of the parameters.
    losses : dict of addresses
        A word for each term.
    """

    tape: Tape
    parameters: dict[str, Addresses]
    losses: dict[str, Addresses]


def record_step(trainer: Trainer, step: int, scalars: dict[str, float], units: int) -> RecordedStep:
    """Record a step of a training.

    Parameters
    ----------
    trainer : Trainer
        Of the experiment; it does not move.
    step : int
        Whose points and directions the tables hold.
    scalars : dict of str to float
        Constants of the step's update, by their names in `pinta_hw.spec.real`.
    units : int
        Block units of the array that it shall run on.

    Notes
    -----
    Parameters lie in memory in the order in which their gradients come, so that the update is one stream. That order is
    found by recording the step once before.
    """
    shapes = {name: value.shape for name, value in trainer.optimizer.parameters.items()}
    tape, gradients, _ = _record(trainer, step, dict.fromkeys(shapes), shapes, units)
    order = {name: _order(tape, gradient) for name, gradient in gradients.items()}
    tape, gradients, parts = _record(trainer, step, order, shapes, units)
    parameters, losses = parts
    tape.phase = "update"
    for name, gradient in gradients.items():
        if gradient.dtype.kind == "i":
            buffer = tape.reals.whole(np.sort(gradient.reshape(-1)))
            assert buffer is not None, f"{name}: gradient in one piece"
            buffer.gradient_of = name
    adam = trainer.experiment.training.optimizer == "adam"
    names = ADAM_SCALARS if adam else ADAM_SCALARS[:1]
    table = tape.reals.new(SCALARS, (len(names),))
    values = np.array([scalars[name] for name in names], np.float32)
    tape.real_tables.append(RealTable(tape.reals.buffer_of(int(table[0]))[0], values))
    _update(tape, Optimizer.ADAM if adam else Optimizer.SGD, parameters, gradients, table)
    return RecordedStep(tape, parameters, losses)


def scalars_of_steps(trainer: Trainer, learning_rate: list[float]) -> list[dict[str, float]]:
    """Constants of the updates of all steps."""
    optimizer = make_optimizer(trainer.experiment.training, trainer.optimizer.parameters, np.float32)
    return [{name: float(v) for name, v in optimizer.scalars(rate).items()} for rate in learning_rate]


def _record(
    trainer: Trainer, step: int, order: dict[str, Addresses | None], shapes: dict[str, tuple[int, ...]], units: int
) -> tuple[Tape, Parameters, tuple[dict[str, Addresses], dict[str, Addresses]]]:
    tape = Tape()
    recorder = Recorder(trainer.experiment.precision, tape, units)
    parameters = {}
    for name, shape in shapes.items():
        words = tape.reals.new(name, shape, parameter=name)
        own = order[name]
        parameters[name] = words if own is None else words.reshape(-1)[own]
    interior, boundary = trainer.points(step)
    recorded = type(trainer.in_step)(trainer.network, trainer.problem, recorder, trainer.experiment.training)
    gradients, losses = recorded.gradients(parameters, interior, boundary, trainer.frame(step))
    return tape, gradients, (parameters, losses)


def _order(tape: Tape, gradient: Addresses) -> Addresses | None:
    """Place of each element in its buffer; None where the gradient is zero."""
    if gradient.dtype.kind == "f":
        return None
    buffer, _ = tape.reals.buffer_of(int(gradient.min()))
    offsets: Addresses = gradient - gradient.min()
    assert buffer.words == gradient.size
    return offsets


def _update(
    tape: Tape, optimizer: Optimizer, parameters: dict[str, Addresses], gradients: Parameters, table: Addresses
) -> None:
    """One stream over all parameters, which lie in one region of each group."""
    first = min(int(value.min()) for value in parameters.values())
    count = sum(value.size for value in parameters.values())
    uses: list[Use] = [use for value in parameters.values() for use in tape.real_uses(value)]
    reads = [use for value in gradients.values() if value.dtype.kind == "i" for use in tape.real_uses(value)]
    reads += [*uses, *tape.real_uses(table)]

    def build(places: Places) -> Operation:
        return Update(optimizer, places.real(first), count, places.real(int(table[0])))

    tape.add(Unit.UPDATE, optimizer.name.lower(), reads, uses, build)
