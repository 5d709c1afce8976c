"""Explicit gradients against finite differences, the SMX run against the reference, and what training reaches."""

import hashlib
import tracemalloc
import typing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.arithmetic import FloatArithmetic, Role, SmxArithmetic
from golden.differentiation import Differentiation
from golden.estimators import make_estimator
from golden.gemm import accumulate
from golden.layers import Dense
from golden.network import Network
from golden.optim import Adam
from golden.real import flush, rounded, run_program
from golden.smx import SmxMatrix
from golden.trace import GemmTrace
from golden.train import Trainer
from pinta_hw.spec import experiment as spec
from pinta_hw.spec.experiment import Experiment, Precision, load_experiment
from pinta_hw.spec.formats import NAN_EXPONENT
from pinta_hw.spec.real import ADAM

POISSON = Path(__file__).parents[2] / "experiments" / "poisson2d.yaml"


def experiment(**changes: Any) -> Experiment:
    """The Poisson experiment, smaller, with changes such as ``precision={"arithmetic": "fp64"}``."""
    content = load_experiment(POISSON).model_dump()
    content["network"]["hidden"] = (9, 10)
    content["training"] |= {"interior": 7, "boundary": 5, "steps": 20, "test_points": 100}
    for section, values in changes.items():
        content[section] |= values
    return Experiment.model_validate(content)


def small_network(outputs: set[str], activation: str, chunk: int = 16) -> Network:
    layers = (Dense("layer0", 3, 6), Dense("layer1", 6, 5), Dense("layer2", 5, 1))
    return Network(layers, activation, make_estimator(spec.Jet(name="jet", chunk=chunk), 2), frozenset(outputs))


def differentiate(network: Network, tensors: list[Any], x: np.ndarray, boundary: np.ndarray) -> Differentiation:
    frame = network.estimator.directions.draw(np.random.default_rng(0), len(x))
    return Differentiation(network, FP64, tensors, x, boundary, frame)


FP64 = FloatArithmetic(np.float64)


def parameters_of(network: Network, seed: int) -> dict[str, np.ndarray]:
    """Initial weights, and biases that are not zero."""
    rng = np.random.default_rng(seed)
    return {
        k: v + (0.3 * rng.standard_normal(v.shape) if k.endswith("bias") else 0.0)
        for k, v in network.initial(seed).items()
    }


@pytest.mark.parametrize("activation", ["tanh", "sin", "gelu"])
def test_jet_gives_the_derivatives(activation: str) -> None:
    network = small_network({"base", "direction", "time", "laplacian"}, activation)
    tensors = network.encode(FP64, parameters_of(network, 1))
    x = np.random.default_rng(2).standard_normal((4, 3))
    outputs = differentiate(network, tensors, x, x[:1]).outputs

    def u(points: np.ndarray) -> np.ndarray:
        return network.evaluate(FP64, tensors, points)

    h = 1e-4
    steps = h * np.eye(3)
    assert np.allclose(outputs["base"], u(x), rtol=1e-14)
    for plane, e in zip(("direction0", "direction1", "time"), steps, strict=True):
        assert np.allclose(outputs[plane], (u(x + e) - u(x - e)) / (2 * h), rtol=1e-6, atol=1e-7)
    laplacian = sum(u(x + e) - 2 * u(x) + u(x - e) for e in steps[:2]) / h**2
    assert np.allclose(outputs["laplacian"], laplacian, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("activation", ["tanh", "sin", "gelu"])
@pytest.mark.parametrize(
    "outputs",
    [
        {"base", "direction", "time", "laplacian", "boundary"},
        {"laplacian", "boundary"},
        {"time", "laplacian"},
        {"base", "direction"},
        {"base"},
    ],
)
def test_gradients_of_every_output(activation: str, outputs: set[str]) -> None:
    network = small_network(outputs, activation, chunk=2)
    parameters = parameters_of(network, 3)
    rng = np.random.default_rng(4)
    x, boundary = rng.standard_normal((4, 3)), rng.standard_normal((2, 3))

    def run(at: dict[str, np.ndarray]) -> Differentiation:
        return differentiate(network, network.encode(FP64, at), x, boundary)

    run_here = run(parameters)
    weights = {plane: rng.standard_normal(value.shape) for plane, value in run_here.outputs.items()}
    gradients: dict[str, np.ndarray] = {}
    run_here.backward(weights, gradients)
    # A bias that reaches no value has no sum.
    assert parameters.keys() >= gradients.keys() >= {name for name in parameters if name.endswith("weight")}

    def loss(at: dict[str, np.ndarray]) -> float:
        made = run(at).outputs
        return float(sum((made[plane] * weight).sum() for plane, weight in weights.items()))

    zero = np.zeros(1)
    for name, value in parameters.items():
        for _ in range(3):
            direction = rng.standard_normal(value.shape)
            h = 1e-5
            up, down = (parameters | {name: value + s * h * direction} for s in (1, -1))
            numeric = (loss(up) - loss(down)) / (2 * h)
            assert np.isclose((gradients.get(name, zero) * direction).sum(), numeric, rtol=1e-6, atol=1e-8), name


def test_loss_gradient_with_micro_batches() -> None:
    trainer = Trainer(experiment(precision={"arithmetic": "fp64"}, training={"micro_batch": 3}))
    points = trainer.points(0)
    gradients, losses = trainer.gradients(*points)
    whole = Trainer(experiment(precision={"arithmetic": "fp64"}))
    expected, expected_losses = whole.gradients(*points)
    assert np.isclose(sum(losses.values()), sum(expected_losses.values()), rtol=1e-12)
    rng = np.random.default_rng(5)
    for name, value in whole.optimizer.parameters.items():
        assert np.allclose(gradients[name], expected[name], rtol=1e-10, atol=1e-12)
        direction = rng.standard_normal(value.shape)
        losses_at = []
        for sign in (1, -1):
            whole.optimizer.parameters[name] = value + sign * 1e-5 * direction
            losses_at.append(sum(whole.gradients(*points)[1].values()))
        whole.optimizer.parameters[name] = value
        assert np.isclose((expected[name] * direction).sum(), (losses_at[0] - losses_at[1]) / 2e-5, rtol=1e-6)


def test_smx_gradients_are_near_the_reference() -> None:
    reference = Trainer(experiment(precision={"arithmetic": "fp64"}))
    points = reference.points(0)
    exact, _ = reference.gradients(*points)
    errors = []
    # Micro-batches of 3 leave the last one without boundary points.
    for bits, micro_batch in ((16, 100), (16, 3), (8, 100)):
        precision = {"inputs": 16, "activations": bits, "weights": bits, "gradients": bits}
        trainer = Trainer(experiment(precision=precision, training={"micro_batch": micro_batch}))
        gradients, _ = trainer.gradients(*points)
        errors.append([np.linalg.norm(gradients[k] - exact[k]) / np.linalg.norm(exact[k]) for k in exact])
    print(errors)
    assert max(errors[0] + errors[1]) < 1e-3 < max(errors[2]) < 0.2


def test_smx_training_is_pinned() -> None:
    trainer = Trainer(experiment(training={"micro_batch": 4}))
    for _ in range(3):
        trainer.step()
    digest = hashlib.sha256()
    for name, value in trainer.optimizer.parameters.items():
        assert value.dtype == np.float32
        digest.update(name.encode() + value.astype("<f4").tobytes())
    # Changes only with the definition of the arithmetic, the order of operations or the data.
    assert digest.hexdigest() == "f3acfa33535f7a92cc16dfcc3a7de1ee8b91c99c8b0e249037f5d67a00129cd2"


def assert_canonical(matrix: SmxMatrix) -> None:
    """What every SMX matrix keeps to: padding and NaN blocks are zero, zero blocks have exponent 0."""
    assert not matrix.mantissas[matrix.shape[0] :].any() and not matrix.mantissas[:, matrix.shape[1] :].any()
    assert np.abs(matrix.mantissas).max() <= matrix.format.max_mantissa
    rows, columns = matrix.exponents.shape
    empty = ~matrix.mantissas.reshape(rows, 4, columns, 4).any(axis=(1, 3))
    assert np.isin(matrix.exponents[empty], (0, NAN_EXPONENT)).all()
    assert empty[matrix.nan_blocks].all()


def test_traces_hold_every_product_of_a_step() -> None:
    traces: list[GemmTrace] = []
    trainer = Trainer(experiment(), traces.append)
    trainer.step()
    kinds = (
        # Values; directions, which end before the last layer; the Laplacian's row, which begins after the first.
        ["forward"] * (3 + 2 + 2)
        # Back through the Laplacian's row, the directions and the values; all of a layer are contracted at last.
        + ["input_gradient"] * (2 + 1)
        + ["input_gradient", "weight_gradient", "bias_gradient"] * 2
        + ["weight_gradient", "bias_gradient"]
    )
    assert [trace.name.split(".")[1] for trace in traces] == kinds
    assert {(trace.a.bits, trace.b.bits) for trace in traces} >= {(16, 8), (12, 8), (8, 8)}
    for trace in traces:
        for matrix in (trace.a, trace.b, trace.result):
            assert_canonical(matrix)
        a, b = (trace.a.T if trace.a_transposed else trace.a), (trace.b.T if trace.b_transposed else trace.b)
        assert accumulate(a, b).equals(trace.accumulators)
        assert trace.accumulators.quantize(trace.bits).equals(trace.result)
    silent = Trainer(experiment())
    silent.step()
    for name, value in silent.optimizer.parameters.items():
        assert np.array_equal(value, trainer.optimizer.parameters[name])


def test_training_approaches_the_solution_as_fast_as_fp32() -> None:
    errors = {}
    for arithmetic in ("fp32", "smx"):
        training = {"steps": 250, "interior": 60, "boundary": 60, "learning_rate": 5e-3, "test_points": 500}
        precision = {"arithmetic": arithmetic}
        result = Trainer(experiment(network={"hidden": (24, 24)}, training=training, precision=precision)).run()
        print(result)
        assert result.relative_l2 < result.trivial_l2 / 3
        errors[arithmetic] = result.relative_l2
    assert errors["smx"] < 1.1 * errors["fp32"]


def test_nan_is_never_silent() -> None:
    trainer = Trainer(experiment())
    trainer.optimizer.parameters["layer1.weight"][2, 3] = np.nan
    report = trainer.step()
    assert np.isnan(report.loss)
    assert np.isnan(trainer.optimizer.parameters["layer0.weight"]).any()


def test_rows_of_more_than_one_contraction_are_added() -> None:
    gradients = []
    for micro_batch in (2100, 1050):
        trainer = Trainer(experiment(training={"interior": 2100, "boundary": 4, "micro_batch": micro_batch}))
        gradients.append(trainer.gradients(*trainer.points(0))[0])
    for name, value in gradients[0].items():
        assert np.linalg.norm(value - gradients[1][name]) < 1e-4 * np.linalg.norm(value), name


def test_every_estimator_of_an_experiment_exists() -> None:
    for section in (spec.Jet, spec.Perturbations):
        for name in typing.get_args(section.model_fields["name"].annotation):
            assert make_estimator(section(name=name), 2)


def test_adam_is_adam() -> None:
    rng = np.random.default_rng(6)
    w = rng.standard_normal((3, 4))
    adam = Adam({"w": w}, np.float64)
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in range(1, 6):
        g = 1e-7 * rng.standard_normal(w.shape)
        adam.step({"w": g}, 1e-2)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w = w - 1e-2 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        assert np.allclose(adam.parameters["w"], w, rtol=1e-10)


def test_subnormals_are_flushed() -> None:
    tiny = np.array([1e-40, -1e-40, 2**-126, -0.0, np.nan], np.float32)
    assert flush(tiny).tobytes() == np.array([0.0, -0.0, 2**-126, -0.0, np.nan], np.float32).tobytes()
    assert rounded(np.array([1e-40, 1e39]), np.float32).tolist() == [0.0, np.inf]
    names = ("w", "m", "v", "g", "beta1", "one_minus_beta1", "beta2", "one_minus_beta2", "rate", "epsilon")
    inputs = {name: np.array([1e-20], np.float32) for name in names}
    assert run_program(ADAM, inputs)["fresh_v"].tolist() == [0.0]


def test_stacked_planes_split_again() -> None:
    arithmetic = SmxArithmetic(Precision())
    rng = np.random.default_rng(7)
    planes = [arithmetic.encode(rng.standard_normal((rows, 6)), Role.ACTIVATION) for rows in (5, 4, 1)]
    stacked = arithmetic.stack(planes)
    assert stacked.shape == (16, 6)
    for plane, again in zip(planes, arithmetic.split(stacked, [5, 4, 1]), strict=True):
        assert plane.equals(again)


def test_own_precisions_of_rows() -> None:
    traces: list[GemmTrace] = []
    rows = {"a_rows": 8, "s_rows": 16, "last_layer": {"a_rows": 4, "s_rows": 12}}
    Trainer(experiment(precision=rows), traces.append).step()
    forward: dict[str, list[int]] = {}
    for trace in traces:
        if trace.name.endswith("forward"):
            forward.setdefault(trace.name, []).append(trace.a.bits)
    # Values; directions, which end before the last layer; the Laplacian's row, which begins after the first activation.
    assert forward == {"layer0.forward": [16, 16], "layer1.forward": [12, 8, 16], "layer2.forward": [12, 12]}
    plain = Precision(activations=12)
    assert {role: plain.bits_of(role) for role in ("a_rows", "s_rows")} == {"a_rows": 12, "s_rows": 12}
    equal, unsaid = Trainer(experiment(precision={"a_rows": 12, "s_rows": 12})), Trainer(experiment())
    for trainer in (equal, unsaid):
        trainer.step()
    for name, value in unsaid.optimizer.parameters.items():
        assert np.array_equal(value, equal.optimizer.parameters[name])


def test_rows_of_parity_share_a_precision() -> None:
    estimator = {"name": "parity", "directions": "orthogonal", "sigma": 0.01}
    changes = {"estimator": estimator, "precision": {"a_rows": 8, "s_rows": 8}}
    assert np.isfinite(Trainer(experiment(**changes)).step().loss)
    with pytest.raises(ValueError, match="s_rows: 12 is not possible beside 8 of a_rows .*; allowed: 8, or jet"):
        experiment(estimator=estimator, precision={"a_rows": 8})


def test_memory_grows_with_the_micro_batch_not_the_batch() -> None:
    peaks = {}
    for interior, micro_batch in ((32, 32), (160, 32), (160, 160)):
        sizes = {"interior": interior, "boundary": 5, "micro_batch": micro_batch}
        trainer = Trainer(experiment(network={"hidden": (64, 64)}, training=sizes))
        trainer.step()
        tracemalloc.start()
        trainer.step()
        peaks[interior, micro_batch] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    print(peaks)
    assert peaks[160, 32] < 1.5 * peaks[32, 32] < 0.6 * peaks[160, 160]
