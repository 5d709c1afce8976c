"""What the cited works use on the problems that come with the package."""

from pinta_hw.spec.experiment import Experiment

_PAIRS = {"poisson2d": 512, "heat100d": 1024, "hjb20d": 1024}
"""Antithetic pairs of directions at each point: He et al. (2023) and Zhao et al.; an own equation takes the fewest."""


def stein_pairs(experiment: Experiment) -> int:
    """Pairs of the Stein estimator for an experiment's problem, or for the one that it is a variant of."""
    family = experiment.problem.name.partition("-")[0]
    return _PAIRS.get(family, min(_PAIRS.values()))
