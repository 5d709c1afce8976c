"""Estimators of derivatives, by the name that experiments use."""

from pinta_hw.spec import experiment

from .diffquant import DiffQuant
from .directions import Directions, Frame
from .estimator import Estimator
from .jet import Jet
from .parity import Parity
from .stein import Stein

__all__ = ["DiffQuant", "Directions", "Estimator", "Frame", "Jet", "Parity", "Stein", "make_estimator"]

_PERTURBED: dict[str, type[Stein] | type[DiffQuant] | type[Parity]] = {
    "stein": Stein,
    "diffquant": DiffQuant,
    "parity": Parity,
}


def make_estimator(settings: experiment.Estimator, space: int) -> Estimator:
    """The estimator that an experiment names, for a problem with ``space`` coordinates beside time.

    Raises
    ------
    UserError
        If it cannot have as many directions.
    """
    perturbed = isinstance(settings, experiment.Perturbations)
    count = space if settings.count is None else settings.count
    directions = Directions(settings.directions, count, space, settings.shared, stein_weights=perturbed)
    if isinstance(settings, experiment.Perturbations):
        return _PERTURBED[settings.name](directions, settings.chunk, settings.sigma)
    return Jet(directions, settings.chunk)
