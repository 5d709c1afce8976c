"""Short trainings, to compare designs by."""

from pinta_hw.spec.experiment import Experiment

from .train import Trainer

_TEST_POINTS = 2_000


def relative_l2(experiment: Experiment) -> float:
    """Relative L2 error after all steps of an experiment, over the first 2,000 test points."""
    trainer = Trainer(experiment)
    while trainer.steps_done < experiment.training.steps:
        trainer.step()
    return trainer.relative_l2(min(_TEST_POINTS, experiment.training.test_points))
