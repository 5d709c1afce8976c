"""Runs in folders: bit-identical after interruptions, with any number of threads; losses of numbers are told."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from golden import checkpoint, durable, metrics
from golden.optim import Sgd, learning_rate, make_optimizer
from golden.run import CHECKPOINT, METRICS, RESULT, Run, trained
from golden.train import StepReport, Trainer
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment, Training, digest, load_experiment

POISSON = Path(__file__).parents[2] / "experiments" / "poisson2d.yaml"


def experiment(**training: Any) -> Experiment:
    """The Poisson experiment, smaller."""
    content = load_experiment(POISSON).model_dump(exclude_unset=True)
    content["network"]["hidden"] = (9, 10)
    content["training"] |= {"interior": 7, "boundary": 5, "steps": 10, "test_points": 100} | training
    return Experiment.model_validate(content)


def bits(trainer: Trainer) -> dict[str, bytes]:
    return {name: value.tobytes() for name, value in trainer.optimizer.state().items()}


class StopError(Exception):
    pass


def interrupt_after(step: int) -> Any:
    def progress(report: StepReport, error: float) -> None:
        if report.step == step:
            raise StopError

    return progress


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("stopped", [1, 3, 5, 9])
def test_a_resumed_run_agrees_in_every_bit(tmp_path: Path, optimizer: str, stopped: int) -> None:
    small = experiment(optimizer=optimizer)
    whole = Run(small, tmp_path / "whole", resume=False, interval=3)
    result = whole.run()
    with pytest.raises(StopError):
        Run(small, tmp_path / "cut", resume=False, interval=3).run(interrupt_after(stopped))
    resumed = Run(small, tmp_path / "cut", resume=True, interval=3)
    assert resumed.trainer.steps_done == (10 if stopped == 9 else 3 * ((stopped + 1) // 3))
    again = resumed.run()
    assert bits(whole.trainer) == bits(resumed.trainer)
    assert dataclasses.replace(again, seconds=0) == dataclasses.replace(result, seconds=0)
    assert (tmp_path / "whole" / METRICS).read_text() == (tmp_path / "cut" / METRICS).read_text()
    assert bits(trained(tmp_path / "cut")) == bits(whole.trainer)
    assert np.isclose(trained(tmp_path / "cut").relative_l2(), result.relative_l2, rtol=0)


def test_two_runs_and_two_threads_agree_in_every_bit() -> None:
    # Large enough that a product is shared by threads.
    content = experiment(interior=200, boundary=100, micro_batch=200, steps=2).model_dump()
    content["network"]["hidden"] = (96, 96)
    large = Experiment.model_validate(content)
    found = []
    threads = numba.get_num_threads()
    for count in (1, 1, min(2, numba.config.NUMBA_NUM_THREADS)):
        numba.set_num_threads(count)
        trainer = Trainer(large)
        trainer.run()
        found.append(bits(trainer))
    numba.set_num_threads(threads)
    assert found[0] == found[1] == found[2]
    trainer = Trainer(experiment(seed=1))
    trainer.run()
    assert bits(trainer) != bits_of_seed_0()


def bits_of_seed_0() -> dict[str, bytes]:
    trainer = Trainer(experiment())
    trainer.run()
    return bits(trainer)


def test_a_finished_run_gives_its_result_again(tmp_path: Path) -> None:
    first = Run(experiment(), tmp_path / "a", resume=False).run()
    assert Run(experiment(), tmp_path / "a", resume=True).run() == first
    lines = metrics.read(tmp_path / "a" / METRICS)
    assert [line["step"] for line in lines if "loss" in line] == list(range(10))
    assert [line["step"] for line in lines if "relative_l2" in line] == [10]
    assert json.loads((tmp_path / "a" / RESULT).read_text())["relative_l2"] == first.relative_l2
    assert first.digest == digest(experiment()) and first.parameters == 2 * 9 + 9 + 9 * 10 + 10 + 10 + 1
    assert first.evaluations == 7 * (1 + 2 + 1) + 5
    assert first.trivial == "mean" and first.trivial_l2 > 0.1


def test_folders_that_are_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").touch()
    with pytest.raises(UserError, match="is no training; allowed: a new or empty folder"):
        Run(experiment(), tmp_path / "thesis", resume=False)
    with pytest.raises(UserError, match="holds no training to resume"):
        Run(experiment(), tmp_path / "none", resume=True)
    Run(experiment(), tmp_path / "a", resume=False)
    with pytest.raises(UserError, match="holds a training; allowed: --resume"):
        Run(experiment(), tmp_path / "a", resume=False)
    with pytest.raises(UserError, match="holds another experiment"):
        Run(experiment(seed=5), tmp_path / "a", resume=True)
    with pytest.raises(UserError, match="holds another experiment"):
        Run(experiment(), tmp_path / "a", resume=True, baseline="ad")
    with pytest.raises(UserError, match="checkpoint interval: 0"):
        Run(experiment(), tmp_path / "b", resume=False, interval=0)
    with pytest.raises(UserError, match="holds no training; allowed"):
        trained(tmp_path / "thesis")
    with pytest.raises(UserError, match=r"checkpoint.npz: cannot be read"):
        trained(tmp_path / "a")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="out: .*file"):
        Run(experiment(), tmp_path / "file" / "below", resume=False)


def test_no_file_is_ever_half_written(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    checkpoint.save(path, {"w": np.arange(3.0)})

    def fail(stream: Any) -> None:
        stream.write(b"half")
        raise StopError

    with pytest.raises(StopError):
        durable.write_whole(path, fail)
    assert os.listdir(tmp_path) == ["checkpoint"]
    assert checkpoint.load(path)["w"].tolist() == [0, 1, 2]
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UserError, match="checkpoint: cannot be read; allowed: a checkpoint"):
        checkpoint.load(path)


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ("weight", "step 4: layer1.weight is not finite before the step"),
        ("forward", "step 4: layer1.forward is not finite"),
        ("gradient", "step 4: layer1.weight is not finite; "),
    ],
)
def test_a_lost_number_is_told_and_the_last_good_checkpoint_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str, told: str
) -> None:
    run = Run(experiment(), tmp_path / "a", resume=False, interval=2)
    trainer = run.trainer

    def spoil(report: StepReport, error: float) -> None:
        if report.step != 3:
            return
        if lost == "weight":
            trainer.optimizer.parameters["layer1.weight"][2, 3] = np.nan
        elif lost == "forward":
            original = type(trainer.arithmetic).gemm

            def gemm(self: Any, name: str, a: Any, b: Any, *arguments: Any, **options: Any) -> Any:
                product = original(self, name, a, b, *arguments, **options)
                if name != "layer1.forward":
                    return product
                exponents = product.exponents.copy()
                exponents[0, 0] = 255
                return dataclasses.replace(product, exponents=exponents, mantissas=0 * product.mantissas)

            monkeypatch.setattr(type(trainer.arithmetic), "gemm", gemm)
        else:
            plain = trainer.gradients

            def gradients(*points: Any) -> Any:
                found, losses = plain(*points)
                return found | {"layer1.weight": np.full_like(found["layer1.weight"], np.inf)}, losses

            monkeypatch.setattr(trainer, "gradients", gradients)

    with pytest.raises(UserError) as caught:
        run.run(spoil)
    text = str(caught.value)
    assert "\n" not in text and "allowed: finite numbers" in text and "is the last good checkpoint" in text
    assert text.startswith(told), text
    state = checkpoint.load(tmp_path / "a" / CHECKPOINT)
    assert int(state["run/steps"]) == 4 and all(np.isfinite(value).all() for value in state.values())
    monkeypatch.undo()
    assert Run(experiment(), tmp_path / "a", resume=True).run().steps == 10


def test_divergence_is_told(tmp_path: Path) -> None:
    wild = experiment(optimizer="sgd", learning_rate=0.9, decay="constant", steps=200)
    content = wild.model_dump(exclude_unset=True) | {"precision": {"arithmetic": "fp32"}}
    content["network"] |= {"activation": "gelu"}
    with pytest.raises(UserError, match=r"^step \d+: .*allowed: finite numbers .*checkpoint"):
        Run(Experiment.model_validate(content), tmp_path / "a", resume=False).run()


def test_learning_rates() -> None:
    def rates(steps: tuple[int, ...], **keys: Any) -> list[float]:
        training = Training(steps=4000, learning_rate=0.5, **keys)
        return [learning_rate(training, step) for step in steps]

    assert rates((0, 3999), decay="constant") == [0.5, 0.5]
    assert rates((0, 1000, 3000), decay="linear") == [0.5, 0.375, 0.125]
    assert rates((0, 999, 1000, 2500), decay="step") == [0.5, 0.5, 0.45, 0.5 * 0.9**2]
    assert rates((0, 99, 100), decay="step", decay_interval=100, decay_factor=0.5) == [0.5, 0.5, 0.25]


def test_sgd_is_gradient_descent() -> None:
    w, g = np.array([[1.0, 2.0]]), np.array([[0.5, -4.0]])
    optimizer = make_optimizer(Training(steps=1, optimizer="sgd"), {"w": w}, np.float32)
    assert type(optimizer) is Sgd
    optimizer.step({"w": g.astype(np.float32)}, 0.25)
    assert optimizer.parameters["w"].tolist() == [[0.875, 3.0]] and optimizer.parameters["w"].dtype == np.float32


def test_the_digest_is_of_what_is_trained() -> None:
    one = experiment()
    assert digest(one) == digest(one.model_copy(update={"name": "b", "accelerator": "tiny"}))
    assert digest(one) != digest(experiment(seed=1))
