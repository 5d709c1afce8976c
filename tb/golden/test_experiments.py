"""Each experiment of the repository trains: one step of a shrunken copy."""

from pathlib import Path

import numpy as np
import pytest

from golden.train import Trainer
from pinta_hw.spec.experiment import Experiment, load_experiment

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
PUBLISHED = {
    # name: parameters, interior, boundary points of all conditions, steps
    "poisson2d-256": (132_609, 100, 100, 1_000),
    "heat100d": (157_953, 50, 100, 1_000),
    "hjb20d": (274_433, 100, 0, 10_000),
}


@pytest.mark.parametrize("path", sorted(EXPERIMENTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_step_of_a_shrunken_copy(path: Path) -> None:
    content = load_experiment(path).model_dump(exclude_unset=True)
    content["training"] |= {"interior": 3, "boundary": 2, "micro_batch": 4, "test_points": 20}
    content["network"]["hidden"] = [16 for _ in content["network"]["hidden"]]
    if tt := content["network"].get("tt"):
        tt.pop("layers", None)
        tt |= {"rank": 2, "modes": 1}
    trainer = Trainer(Experiment.model_validate(content))
    before = {name: value.copy() for name, value in trainer.optimizer.parameters.items()}
    report = trainer.step()
    assert trainer.nan is None and np.isfinite(report.loss)
    assert any(not np.array_equal(before[name], value) for name, value in trainer.optimizer.parameters.items())
    assert np.isfinite(trainer.relative_l2())


@pytest.mark.parametrize("name", PUBLISHED)
def test_sizes_of_the_sources(name: str) -> None:
    trainer = Trainer(load_experiment(EXPERIMENTS / f"{name}.yaml"))
    parameters, interior, boundary, steps = PUBLISHED[name]
    assert sum(value.size for value in trainer.optimizer.parameters.values()) == parameters
    assert tuple(len(points) for points in trainer.points(0)) == (interior, boundary)
    assert trainer.experiment.training.steps == steps
    assert trainer.experiment.training.test_points == (20_000 if name == "poisson2d-256" else 10_000)
