"""Automatic differentiation of dense networks in floating point: what everything else is compared with."""

from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment

from ..train import Trainer
from .trainer import METHODS, BaselineTrainer

__all__ = ["METHODS", "BaselineTrainer", "make_trainer"]


def make_trainer(experiment: Experiment, baseline: str | None) -> Trainer:
    """The experiment's own trainer, or one that trains the same problem with a baseline.

    Raises
    ------
    UserError
        If there is no such baseline.
    """
    if baseline is None:
        return Trainer(experiment)
    if baseline not in METHODS:
        raise UserError(f"baseline: {baseline!r} does not exist; allowed: {', '.join(METHODS)}")
    return BaselineTrainer(experiment, baseline)
