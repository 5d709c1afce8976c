"""Estimators: gradients against JAX differentiating the same recurrences, exactness, chunks, and SMX."""

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.arithmetic import FloatArithmetic, SmxArithmetic
from golden.differentiation import Differentiation
from golden.elementwise import sum_parts
from golden.estimators import Directions, Frame, make_estimator
from golden.estimators.reduction import Reduction
from golden.layers import Dense
from golden.network import Network
from golden.quantize import quantize
from golden.studies import estimator_error
from golden.train import Trainer
from golden.tt import SCHEDULES, TrainShape
from pinta_hw.spec import experiment as spec
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment, Precision, load_experiment

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
SPACE = 3
ALL = frozenset({"base", "direction", "time", "laplacian", "boundary"})
NAMES = ("stein", "diffquant", "parity", "jet")
SIGMA = 0.1

FP64 = FloatArithmetic(np.float64)


def section(name: str, **keys: Any) -> spec.Jet | spec.Perturbations:
    return spec.Jet(name=name, **keys) if name == "jet" else spec.Perturbations(name=name, sigma=SIGMA, **keys)


def network_of(settings: Any, outputs: frozenset[str] = ALL, activation: str = "tanh", layer: str = "dense") -> Network:
    hidden = Dense("layer1", 6, 8)
    if layer != "dense":
        hidden = SCHEDULES[layer]("layer1", TrainShape((2, 4), (3, 2), (2, 3, 2)))
    layers = (Dense("layer0", SPACE + 1, 6), hidden, Dense("layer2", 8, 1))
    return Network(layers, activation, make_estimator(settings, SPACE), outputs)


def parameters_of(network: Network, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        name: value + (0.3 * rng.standard_normal(value.shape) if name.endswith("bias") else 0.0)
        for name, value in network.initial(seed).items()
    }


class Case:
    """A network at random points, its directions, and random gradients of its outputs."""

    def __init__(self, network: Network, seed: int, points: int = 5) -> None:
        print("seed", seed)
        rng = np.random.default_rng(seed)
        self.network = network
        self.parameters = parameters_of(network, seed)
        self.x, self.boundary = rng.standard_normal((points, SPACE + 1)), rng.standard_normal((2, SPACE + 1))
        self.frame = network.estimator.directions.draw(rng, points)
        outputs = self.run(FP64)[0]
        self.weights = {plane: rng.standard_normal(value.shape) for plane, value in sorted(outputs.items())}

    def run(self, arithmetic: Any) -> tuple[dict[str, np.ndarray], Differentiation]:
        parameters = {name: value.astype(arithmetic.dtype) for name, value in self.parameters.items()}
        self.tensors = self.network.encode(arithmetic, parameters)
        made = Differentiation(self.network, arithmetic, self.tensors, self.x, self.boundary, self.frame)
        return made.outputs, made

    def gradients(self, arithmetic: Any) -> dict[str, np.ndarray]:
        weights = {plane: value.astype(arithmetic.dtype) for plane, value in self.weights.items()}
        sums: dict[str, np.ndarray] = {}
        self.run(arithmetic)[1].backward(weights, sums)
        return self.network.collect(arithmetic, self.tensors, sums)


def worst(found: dict[str, np.ndarray], exact: dict[str, np.ndarray]) -> float:
    """Largest relative error (Euclidean norm) over the arrays."""
    assert found.keys() == exact.keys()
    return max(float(np.linalg.norm(found[k] - exact[k]) / np.linalg.norm(exact[k])) for k in exact)


def by_jax(case: Case, name: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Outputs, and gradients of their weighted sum, of recurrences written as the documentation states them."""
    jax = pytest.importorskip("jax", reason="needs JAX: pip install 'pinta[baseline]'")
    from tb.recurrences import Recurrences

    recurrences = Recurrences(case.network, name, SIGMA, case.x, case.boundary, case.frame)

    def loss(parameters: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        made = recurrences.outputs(parameters)
        return sum((made[plane] * weight).sum() for plane, weight in case.weights.items()), made

    with jax.enable_x64(True):
        given = {name: jax.numpy.asarray(value) for name, value in case.parameters.items()}
        gradients, made = jax.grad(loss, has_aux=True)(given)
        return {k: np.asarray(made[k]) for k in case.weights}, {k: np.asarray(v) for k, v in gradients.items()}


VARIANTS = [
    {"directions": "gaussian", "count": 4, "shared": True, "chunk": 16},
    {"directions": "orthogonal", "count": 6, "shared": False, "chunk": 2},
    {"directions": "coordinate", "count": None, "shared": True, "chunk": 3},
    {"directions": "rademacher", "count": 2, "shared": False, "chunk": 1},
]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: v["directions"])
@pytest.mark.parametrize("name", NAMES)
def test_gradients_equal_those_of_jax(name: str, variant: dict[str, Any]) -> None:
    case = Case(network_of(section(name, **variant)), seed=11)
    outputs, gradients = by_jax(case, name)
    assert worst(case.run(FP64)[0], outputs) < 1e-9
    assert worst(case.gradients(FP64), gradients) < 1e-9


@pytest.mark.parametrize(("name", "activation"), list(zip(NAMES, ("sin", "sin", "sin", "gelu"), strict=True)))
def test_gradients_of_every_activation(name: str, activation: str) -> None:
    case = Case(network_of(section(name, directions="orthogonal", count=4), activation=activation), seed=12)
    assert worst(case.gradients(FP64), by_jax(case, name)[1]) < 1e-9


@pytest.mark.parametrize("schedule", ["full", "sequential", "prs"])
@pytest.mark.parametrize("name", NAMES)
def test_gradients_through_tensor_trains(name: str, schedule: str) -> None:
    case = Case(network_of(section(name, directions="orthogonal", count=3, chunk=2), layer=schedule), seed=13)
    assert worst(case.gradients(FP64), by_jax(case, name)[1]) < 1e-9


# Measured here, at sigma 0.1: stein 1.1e-5, diffquant 3.4e-7, parity 5.1e-7, jet 3.8e-7.
@pytest.mark.parametrize(("name", "bound"), [("stein", 1e-4), ("diffquant", 1e-5), ("parity", 1e-5), ("jet", 1e-5)])
def test_gradients_in_fp32(name: str, bound: float) -> None:
    case = Case(network_of(section(name, directions="gaussian", count=8)), seed=14)
    error = worst(case.gradients(FloatArithmetic(np.float32)), case.gradients(FP64))
    print(name, error)
    assert error < bound


@pytest.mark.parametrize(("directions", "count"), [("coordinate", 3), ("orthogonal", 3), ("orthogonal", 6)])
def test_full_frames_give_the_laplacian_of_automatic_differentiation(directions: str, count: int) -> None:
    jax = pytest.importorskip("jax", reason="needs JAX: pip install 'pinta[baseline]'")
    case = Case(network_of(section("jet", directions=directions, count=count, shared=False)), seed=15)
    p = case.parameters

    def u(x: Any) -> Any:
        h = jax.numpy.tanh(x @ p["layer0.weight"] + p["layer0.bias"][0])
        h = jax.numpy.tanh(h @ p["layer1.weight"] + p["layer1.bias"][0])
        return (h @ p["layer2.weight"] + p["layer2.bias"][0])[0]

    outputs = case.run(FP64)[0]
    with jax.enable_x64(True):
        hessians = np.asarray(jax.vmap(jax.hessian(u))(case.x))
        slopes = np.asarray(jax.vmap(jax.grad(u))(case.x))
    laplacian = np.trace(hessians[:, :SPACE, :SPACE], axis1=1, axis2=2)
    assert np.allclose(outputs["laplacian"][:, 0], laplacian, rtol=1e-10, atol=1e-12)
    found = np.concatenate([outputs[k] for k in ("direction0", "direction1", "direction2", "time")], axis=1)
    assert np.allclose(found, slopes, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("outputs", [{"laplacian"}, {"direction"}, {"time"}, {"time", "laplacian", "boundary"}])
def test_outputs_do_not_depend_on_each_other(name: str, outputs: set[str]) -> None:
    settings = section(name, directions="orthogonal", count=3)
    whole, part = (Case(network_of(settings, o), seed=16) for o in (ALL, frozenset(outputs)))
    expected = whole.run(FP64)[0]
    found = part.run(FP64)[0]
    assert {plane.rstrip("0123456789") for plane in found} == outputs
    assert all(np.allclose(found[plane], expected[plane], rtol=1e-9) for plane in found)
    whole.weights = {k: part.weights.get(k, np.zeros_like(w)) for k, w in whole.weights.items()}
    got = part.gradients(FP64)
    for key, value in whole.gradients(FP64).items():
        assert np.allclose(got.get(key, 0.0), value, rtol=1e-8, atol=1e-10), key


@pytest.mark.parametrize("name", NAMES)
def test_a_chunk_changes_the_order_of_sums_only(name: str) -> None:
    cases = [Case(network_of(section(name, directions="orthogonal", count=6, chunk=c)), seed=17) for c in (16, 4, 1)]
    fp64 = [case.gradients(FP64) for case in cases]
    assert max(worst(fp64[0], other) for other in fp64[1:]) < 1e-10
    wide = SmxArithmetic(Precision(inputs=16, activations=16, weights=16, gradients=16))
    smx = [case.gradients(wide) for case in cases]
    errors = [worst(smx[0], other) for other in smx[1:]]
    print(name, errors)
    assert max(errors) < (0.05 if name == "stein" else 5e-4)


@pytest.mark.parametrize("name", ["parity", "jet", "diffquant"])
def test_smx_is_near_the_reference(name: str) -> None:
    wide = SmxArithmetic(Precision(inputs=16, activations=16, weights=16, gradients=16))
    # Five points: the blocks of each direction's rows end in padding.
    case = Case(network_of(section(name, directions="orthogonal", count=3, chunk=2)), seed=18)
    outputs = worst(case.run(wide)[0], case.run(FP64)[0])
    gradients = worst(case.gradients(wide), case.gradients(FP64))
    print(name, outputs, gradients)
    assert max(outputs, gradients) < 1e-3


def test_reduction_is_a_sum_of_products_of_lanes() -> None:
    """Its zero blocks take no part: the product equals the contraction of the diagonals, bit by bit."""
    rng = np.random.default_rng(19)
    arithmetic = SmxArithmetic(Precision())
    weights, values = rng.standard_normal((7, 5, 1)), [quantize(rng.standard_normal((7, 1)), 16) for _ in range(5)]
    reduction = Reduction(arithmetic, {"rows": weights}, 7)
    found = reduction.forward({"rows": arithmetic.stack(values)})
    pairs = [(quantize(weights[:, k], 16), value) for k, value in enumerate(values)]
    assert quantize(found[0], 16).equals(sum_parts(pairs, 16))


def frames(kind: str, count: int, space: int, stein_weights: bool = False) -> list[Frame]:
    directions = Directions(kind, count, space, True, stein_weights)
    return [directions.draw(np.random.default_rng(seed), 1) for seed in range(2000)]


@pytest.mark.parametrize(("kind", "count"), [("gaussian", 3), ("rademacher", 2), ("orthogonal", 3), ("coordinate", 2)])
def test_frames_are_the_identity_on_average(kind: str, count: int) -> None:
    mean = np.mean([frame.vectors[0].T @ frame.vectors[0] for frame in frames(kind, count, 4)], axis=0)
    assert np.abs(mean - np.eye(4)).max() < 0.1


@pytest.mark.parametrize("stein_weights", [False, True])
def test_gaussian_frames_give_the_trace_on_average(stein_weights: bool) -> None:
    hessian = np.diag([1.0, 2.0, -0.5])
    traces = [
        np.sum(f.curvature[0] * np.einsum("kd,de,ke->k", f.vectors[0], hessian, f.vectors[0]))
        for f in frames("gaussian", 8, 3, stein_weights)
    ]
    assert abs(np.mean(traces) - 2.5) < 4 * np.std(traces) / np.sqrt(len(traces))


@pytest.mark.parametrize("kind", ["orthogonal", "coordinate"])
def test_full_frames_are_the_identity(kind: str) -> None:
    for frame in frames(kind, 4, 4)[:3]:
        assert np.allclose(frame.vectors[0].T @ frame.vectors[0], np.eye(4), atol=1e-14)


def test_more_axes_than_coordinates_are_refused() -> None:
    with pytest.raises(UserError, match=r"estimator.count: 4 directions .* allowed: 1 to 3, or other directions"):
        make_estimator(spec.Jet(name="jet", count=4), 3)


@pytest.mark.parametrize("problem", ["poisson2d", "heat100d", "hjb20d"])
def test_every_problem_takes_every_estimator(problem: str) -> None:
    content = load_experiment(EXPERIMENTS / "poisson2d.yaml").model_dump()
    content["problem"] = {"name": problem}
    content["network"]["hidden"] = (8, 8)
    content["training"] |= {"interior": 4, "boundary": 3, "micro_batch": 3}
    gradients = {}
    for name in NAMES:
        sigma = {} if name == "jet" else {"sigma": 1e-3}
        content["estimator"] = {"name": name, "directions": "orthogonal"} | sigma
        content["precision"]["arithmetic"] = "fp64"
        trainer = Trainer(Experiment.model_validate(content))
        gradients[name] = trainer.gradients(*trainer.points(0))[0]
        content["precision"]["arithmetic"] = "smx"
        quantized = Trainer(Experiment.model_validate(content))
        assert np.isfinite(quantized.step().loss) or name == "stein"
    for name in NAMES[:3]:
        assert worst(gradients[name], gradients["jet"]) < 1e-2, name


def test_the_study_shows_the_expected_order() -> None:
    setting = estimator_error.Setting(width=32, hidden=2, space=6, count=12, directions="orthogonal", points=8)
    told: list[tuple[int, int]] = []
    rows = estimator_error.run(setting, (0.1, 0.001), (8,), lambda done, total: told.append((done, total)))
    assert told[-1] == (7, 7)
    errors = {(row.estimator, row.sigma): row for row in rows}
    print(errors)
    assert errors["parity", 0.001].laplacian < 0.06 and errors["jet", None].laplacian < 0.06
    assert errors["diffquant", 0.001].laplacian > 5 * errors["diffquant", 0.1].laplacian
    assert errors["stein", 0.001].laplacian > 100
    assert max(row.gradient for row in rows if row.estimator != "stein") < 0.06


@pytest.mark.parametrize("name", NAMES)
def test_memory_grows_with_a_chunk_not_with_the_directions(name: str) -> None:
    peaks = []
    for count in (8, 40):
        settings = section(name, directions="gaussian", count=count, chunk=4)
        layers = (Dense("layer0", SPACE + 1, 32), Dense("layer1", 32, 32), Dense("layer2", 32, 1))
        network = Network(layers, "tanh", make_estimator(settings, SPACE), frozenset({"direction", "laplacian"}))
        case = Case(network, seed=20, points=16)
        tracemalloc.start()
        case.gradients(FP64)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    print(name, peaks)
    assert peaks[1] < 1.2 * peaks[0]
