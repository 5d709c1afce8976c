"""Networks of tensor trains: gradients against JAX, the arithmetic's bits, and what training reaches."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.baseline import make_trainer
from golden.gemm import accumulate
from golden.layers import Dense
from golden.trace import GemmTrace
from golden.train import Trainer
from golden.tt import SCHEDULES, TensorTrainLayer, TrainShape, reconstruct
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment, load_experiment

PROBLEMS = ("poisson2d", "poisson2d-multifrequency", "heat100d", "heat100d-wave", "hjb20d", "hjb20d-cole-hopf")
SCHEDULE_NAMES = sorted(SCHEDULES)
POISSON = Path(__file__).parents[2] / "experiments" / "poisson2d-tt.yaml"


def experiment(problem: str, arithmetic: str, schedule: str = "prs", **changes: Any) -> Experiment:
    """A small network of tensor trains with odd modes."""
    content: dict[str, Any] = {
        "name": "small",
        "problem": {"name": problem},
        "network": {"hidden": (12, 14), "tt": {"rank": 3, "modes": 2, "schedule": schedule}},
        "estimator": {"name": "jet"},
        "precision": {"arithmetic": arithmetic},
        "training": {"steps": 4, "interior": 5, "boundary": 4, "micro_batch": 3, "test_points": 50},
    }
    for section, values in changes.items():
        content[section] |= values
    return Experiment.model_validate(content)


def gradients_by_jax(trainer: Trainer, points: tuple[np.ndarray, np.ndarray]) -> dict[str, np.ndarray]:
    """JAX differentiates the dense network, and then the rebuilt weight with respect to the cores."""
    import jax
    import jax.numpy as jnp

    def rebuilt(shape: TrainShape, cores: list[Any]) -> Any:
        product = cores[0].reshape(-1, cores[0].shape[2])
        for core in cores[1:]:
            product = jnp.tensordot(product.reshape(-1, core.shape[0]), core, axes=1)
        # A dense layer keeps inputs by outputs.
        return product.reshape(shape.rows, shape.columns).T

    dense = make_trainer(trainer.experiment, "ad")
    parameters = trainer.optimizer.parameters
    pulled_back = {}
    with jax.enable_x64(True):
        for layer in trainer.network.layers:
            dense.optimizer.parameters[f"{layer.name}.bias"] = parameters[f"{layer.name}.bias"]
            if isinstance(layer, TensorTrainLayer):
                cores = layer.cores_of(parameters)
                weight, pulled_back[layer.name] = jax.vjp(lambda c, shape=layer.shape: rebuilt(shape, c), cores)
                assert np.allclose(weight.T, reconstruct(layer.shape, cores), rtol=1e-12, atol=1e-14)
                dense.optimizer.parameters[f"{layer.name}.weight"] = np.asarray(weight)
            else:
                dense.optimizer.parameters[f"{layer.name}.weight"] = parameters[f"{layer.name}.weight"]
        expected, _ = dense.gradients(*points)
        for layer in trainer.network.layers:
            if isinstance(layer, TensorTrainLayer):
                (cores,) = pulled_back[layer.name](expected.pop(f"{layer.name}.weight"))
                expected |= layer.parameters_of([np.asarray(core) for core in cores])
    return expected


@pytest.mark.parametrize(
    ("problem", "schedule"),
    [
        # JAX compiles each for some seconds.
        pytest.param(problem, schedule, marks=[] if problem == "poisson2d" else pytest.mark.slow)
        for problem in PROBLEMS
        for schedule in SCHEDULE_NAMES
    ],
)
def test_gradients_equal_those_of_jax(problem: str, schedule: str) -> None:
    pytest.importorskip("jax")
    trainer = Trainer(experiment(problem, "fp64", schedule))
    rng = np.random.default_rng(1)
    for name, value in trainer.optimizer.parameters.items():
        value += rng.uniform(-0.3, 0.3, value.shape) * name.endswith("bias")
    points = trainer.points(0)
    gradients, _ = trainer.gradients(*points)
    expected = gradients_by_jax(trainer, points)
    assert gradients.keys() == expected.keys() == trainer.optimizer.parameters.keys()
    for name, value in expected.items():
        assert np.linalg.norm(gradients[name] - value) <= 1e-9 * np.linalg.norm(value), name


def trained(schedule: str, **changes: Any) -> dict[str, np.ndarray]:
    trainer = Trainer(experiment("poisson2d", "smx", schedule, **changes))
    for _ in range(3):
        trainer.step()
    return dict(trainer.optimizer.parameters)


@pytest.mark.parametrize("schedule", SCHEDULE_NAMES)
def test_training_repeats_every_bit(schedule: str) -> None:
    first, second = trained(schedule), trained(schedule)
    assert all(value.dtype == np.float32 for value in first.values())
    assert all(np.array_equal(value, second[name]) for name, value in first.items())
    digest = hashlib.sha256()
    for name, value in first.items():
        digest.update(name.encode() + value.astype("<f4").tobytes())
    # Changes only with the definition of the arithmetic, the order of operations, the initial cores or the data.
    assert (
        digest.hexdigest()[:16]
        == {"full": "f8cc5a9c1c97fe74", "prs": "f5378b50d1f0b4c9", "sequential": "afcfd8de5def1694"}[schedule]
    )


def test_own_precisions_of_layers_and_intermediate() -> None:
    traces: list[GemmTrace] = []
    precision = {
        "activations": 12,
        "weights": 8,
        "gradients": 8,
        "tt_intermediate": 16,
        "first_layer": {"weights": 12, "gradients": 4},
        "last_layer": {"activations": 4, "weights": 16, "gradients": 12},
    }
    Trainer(experiment("poisson2d", "smx", precision=precision), traces.append).step()
    widths = {trace.name: (trace.a.bits, trace.b.bits, trace.bits) for trace in traces}
    assert widths["layer0.intermediate"] == (16, 12, 16)
    assert widths["layer1.intermediate"] == (12, 8, 16) and widths["layer1.forward"] == (16, 8, 16)
    assert widths["layer2.forward"] == (4, 16, 16) and widths["layer2.weight_gradient"][:2] == (4, 12)
    assert widths["layer1.intermediate_gradient"] == (8, 8, 8)
    assert widths["layer0.intermediate_gradient"] == (4, 12, 4)


@pytest.mark.parametrize("schedule", SCHEDULE_NAMES)
def test_traces_hold_every_product(schedule: str) -> None:
    traces: list[GemmTrace] = []
    trainer = Trainer(experiment("poisson2d", "smx", schedule), traces.append)
    trainer.step()
    for trace in traces:
        a, b = (trace.a.T if trace.a_transposed else trace.a), (trace.b.T if trace.b_transposed else trace.b)
        assert accumulate(a, b).equals(trace.accumulators)
        assert trace.accumulators.quantize(trace.bits).equals(trace.result)


def test_training_approaches_the_solution_as_fast_as_fp32() -> None:
    errors = {}
    for arithmetic in ("fp32", "smx"):
        training = {"steps": 250, "interior": 60, "boundary": 60, "learning_rate": 1e-2, "test_points": 500}
        small = experiment(
            "poisson2d", arithmetic, network={"hidden": (24, 24)}, training=training | {"micro_batch": 60}
        )
        result = Trainer(small).run()
        print(result)
        assert result.relative_l2 < result.trivial_l2 / 3
        errors[arithmetic] = result.relative_l2
    assert errors["smx"] < 1.2 * errors["fp32"]


def test_the_example_is_compressed() -> None:
    trainer = Trainer(load_experiment(POISSON))
    *hidden, last = trainer.network.layers
    assert isinstance(last, Dense)
    assert [layer.shape.row_modes for layer in hidden] == [(4, 4, 4, 4)] * 3
    assert [layer.shape.column_modes for layer in hidden] == [(1, 1, 1, 2), (4, 4, 4, 4), (4, 4, 4, 4)]
    assert sum(value.size for value in trainer.optimizer.parameters.values()) == 4129


def test_the_trains_of_zhao_et_al() -> None:
    layers = [
        {"row_modes": (8, 4, 4, 4), "column_modes": (1, 1, 3, 7)},
        {"row_modes": (8, 4, 4, 4), "column_modes": (4, 4, 4, 8)},
    ]
    given = experiment("hjb20d", "fp32", network={"hidden": (512, 512), "tt": {"rank": 2, "layers": layers}})
    automatic = experiment("hjb20d", "fp32", network={"hidden": (512, 512), "tt": {"rank": 2, "modes": 4}})
    first, second = ([layer.shape for layer in Trainer(each).network.layers[:2]] for each in (given, automatic))
    assert first == second
    assert first[0].ranks == (2, 2, 2, 2, 2, 2, 2) and first[0].parameters == 98


def test_column_modes_that_are_not_the_coordinates() -> None:
    layers = [{"column_modes": (4, 5)}, {}]
    wrong = experiment("hjb20d", "fp32", network={"hidden": (8, 8), "tt": {"modes": 2, "layers": layers}})
    with pytest.raises(UserError) as caught:
        Trainer(wrong)
    assert str(caught.value) == (
        "network.tt.layers.0.column_modes: [4, 5] multiply to 20; allowed: modes that give the coordinates, 21"
    )
