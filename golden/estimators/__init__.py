"""Estimators of derivatives, by the name that experiments use."""

from pinta_hw.spec import experiment

from .estimator import Estimator
from .jet import Jet

__all__ = ["Estimator", "Jet", "make_estimator"]


def make_estimator(settings: experiment.Estimator, space: int) -> Estimator:
    """The estimator that an experiment names, for a problem with ``space`` coordinates beside time."""
    return {"jet": Jet}[settings.name](space)
