"""Gradients of every problem's loss under every estimator and kind of layer, against JAX."""

from typing import Any

import numpy as np
import pytest

from golden.train import Trainer
from pinta_hw.spec.experiment import Experiment

jax = pytest.importorskip("jax", reason="needs JAX: pip install 'pinta[baseline]'")

from tb.recurrences import Recurrences, problem_loss  # noqa: E402 - it imports JAX

PROBLEMS = {
    "poisson2d": "tanh",
    "poisson2d-multifrequency": "sin",
    "heat100d": "tanh",
    "heat100d-wave": "gelu",
    "hjb20d": "sin",
    "hjb20d-cole-hopf": "tanh",
}
SIGMA = 0.1


def trainer_of(problem: str, estimator: str, layer: str) -> Trainer:
    sigma = {} if estimator == "jet" else {"sigma": SIGMA}
    tt = {} if layer == "dense" else {"tt": {"rank": 3, "modes": 2, "schedule": layer}}
    content: dict[str, Any] = {
        "name": "small",
        "problem": {"name": problem},
        "network": {"hidden": [6, 8], "activation": PROBLEMS[problem], **tt},
        "estimator": {"name": estimator, "directions": "gaussian", "count": 3, "chunk": 2, "shared": False, **sigma},
        "precision": {"arithmetic": "fp64"},
        "training": {"steps": 1, "interior": 5, "boundary": 4, "micro_batch": 3, "test_points": 10, "seed": 5},
    }
    return Trainer(Experiment.model_validate(content))


@pytest.mark.parametrize("layer", ["dense", "full", "sequential", "prs"])
@pytest.mark.parametrize("estimator", ["stein", "diffquant", "parity", "jet"])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_gradients_of_the_loss_equal_those_of_jax(problem: str, estimator: str, layer: str) -> None:
    trainer = trainer_of(problem, estimator, layer)
    interior, boundary = trainer.points(0)
    gradients, losses = trainer.gradients(interior, boundary)
    recurrences = Recurrences(trainer.network, estimator, SIGMA, interior, boundary, trainer.frame(0))
    inside, outside = trainer.in_step.constants(interior, boundary)
    constants = inside | outside

    def loss(parameters: dict[str, Any]) -> Any:
        return problem_loss(trainer.problem, constants, recurrences.outputs(parameters))

    with jax.enable_x64(True):
        given = {name: jax.numpy.asarray(value) for name, value in trainer.optimizer.parameters.items()}
        value, expected = jax.value_and_grad(loss)(given)
        expected = {name: np.asarray(gradient) for name, gradient in expected.items()}
    assert np.isclose(sum(losses.values()), float(value), rtol=1e-10)
    assert gradients.keys() == expected.keys()
    # A gradient may be zero: that of a bias which only derivatives follow.
    errors = {k: np.linalg.norm(gradients[k] - expected[k]) / max(np.linalg.norm(expected[k]), 1e-30) for k in expected}
    print(max(errors.values()))
    assert max(errors.values()) < 1e-9, errors
