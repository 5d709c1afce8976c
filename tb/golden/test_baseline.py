"""The explicit gradients against JAX, which knows nothing of them."""

from typing import Any

import numpy as np
import pytest

from golden.baseline import make_trainer
from golden.train import Trainer
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment

PROBLEMS = ("poisson2d", "poisson2d-multifrequency", "heat100d", "heat100d-wave", "hjb20d", "hjb20d-cole-hopf")


def experiment(problem: str, activation: str, arithmetic: str) -> Experiment:
    return Experiment.model_validate(
        {
            "name": "small",
            "problem": {"name": problem},
            "network": {"hidden": (7, 6), "activation": activation},
            "estimator": {"name": "jet"},
            "precision": {"arithmetic": arithmetic},
            "training": {"steps": 3, "interior": 5, "boundary": 4, "micro_batch": 3, "test_points": 50},
        }
    )


def distance(a: dict[str, Any], b: dict[str, Any]) -> float:
    assert a.keys() == b.keys()
    # A gradient may be zero: that of a bias which only derivatives follow.
    return max(float(np.linalg.norm(a[k] - b[k]) / max(np.linalg.norm(b[k]), 1e-30)) for k in a)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize(("arithmetic", "bound"), [("fp64", 1e-9), ("fp32", 1e-5)])
def test_jet_gradients_equal_those_of_jax(problem: str, arithmetic: str, bound: float) -> None:
    pytest.importorskip("jax")
    activation = {"poisson2d": "gelu", "hjb20d": "sin"}.get(problem, "tanh")
    trainer = Trainer(experiment(problem, activation, arithmetic))
    rng = np.random.default_rng(3)
    for name, value in trainer.optimizer.parameters.items():
        if name.endswith("bias"):
            value += rng.uniform(-0.3, 0.3, value.shape).astype(value.dtype)
    points = trainer.points(0)
    gradients, losses = trainer.gradients(*points)
    for method in ("ad", "forward-laplacian"):
        baseline = make_trainer(experiment(problem, activation, arithmetic), method)
        baseline.optimizer.parameters = trainer.optimizer.parameters
        expected, expected_losses = baseline.gradients(*points)
        error = distance(gradients, expected)
        print(problem, arithmetic, method, error)
        assert error < bound
        assert losses.keys() == expected_losses.keys()
        assert np.allclose(list(losses.values()), list(expected_losses.values()), rtol=bound)


def test_a_baseline_trains() -> None:
    pytest.importorskip("jax")
    small = experiment("poisson2d", "tanh", "smx")
    trainers = [make_trainer(small, method) for method in ("ad", "forward-laplacian")]
    for trainer in trainers:
        while trainer.steps_done < 3:
            trainer.step()
        assert all(value.dtype == np.float32 for value in trainer.optimizer.parameters.values())
    first, second = (trainer.optimizer.parameters for trainer in trainers)
    initial = make_trainer(small, "ad").optimizer.parameters
    assert distance(first, second) < 1e-4 < 1e-3 < distance(first, initial)


def test_an_unknown_baseline_is_told() -> None:
    with pytest.raises(UserError, match="baseline: 'da' does not exist; allowed: ad, forward-laplacian"):
        make_trainer(experiment("poisson2d", "tanh", "smx"), "da")
