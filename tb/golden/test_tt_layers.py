"""Tensor-train layers against the rebuilt weight, against differences, and against each other."""

import hashlib
from typing import Any

import numpy as np
import pytest

from golden.arithmetic import FloatArithmetic, Role, SmxArithmetic
from golden.layers import Planes
from golden.row_sums import contracted
from golden.trace import GemmTrace
from golden.tt import SCHEDULES, TensorTrainLayer, TrainShape, balanced_modes, largest_ranks, reconstruct
from pinta_hw.spec.experiment import Precision

FP64 = FloatArithmetic(np.float64)
SHAPES = [
    TrainShape((6,), (5,), (2,)),
    TrainShape((4, 3), (2, 5), (3, 2, 4)),
    TrainShape((8, 4, 4), (1, 1, 3, 7), (8, 8, 3, 2, 2, 1)),
    TrainShape((3, 1, 7), (2, 2), (1, 1, 1, 1)),
    TrainShape((4, 4, 4), (4, 4, 4), largest_ranks((4, 4, 4), (4, 4, 4), 8)),
]
SCHEDULE_NAMES = sorted(SCHEDULES)


def layer_of(schedule: str, shape: TrainShape) -> TensorTrainLayer:
    return SCHEDULES[schedule]("layer0", shape)


def parameters_of(layer: TensorTrainLayer, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {k: v + 0.3 * rng.standard_normal(v.shape) for k, v in layer.initial(rng).items()}


def data_of(layer: TensorTrainLayer, seed: int) -> tuple[Planes, Planes]:
    """Inputs of three planes, one of which has no gradient."""
    rng = np.random.default_rng(seed)
    rows = {"base": 5, "direction0": 5, "boundary": 3}
    x = {plane: rng.standard_normal((count, layer.inputs)) for plane, count in rows.items()}
    g = {plane: rng.standard_normal((rows[plane], layer.outputs)) for plane in ("base", "boundary")}
    return x, g


def run(
    layer: TensorTrainLayer, arithmetic: Any, parameters: dict[str, np.ndarray], x: Planes, g: Planes
) -> tuple[dict, dict, dict]:
    """Outputs, gradients of the inputs and of the parameters, as float64 arrays."""
    tensors = layer.encode(arithmetic, parameters)
    encoded = {plane: arithmetic.encode(value, Role.ACTIVATION) for plane, value in x.items()}
    y, kept = layer.forward(arithmetic, tensors, encoded)
    g = {plane: arithmetic.encode(value, Role.GRADIENT) for plane, value in g.items()}
    pairs, dx = layer.backward(arithmetic, tensors, encoded, kept, g, inputs=True)
    gradients = layer.collect(arithmetic, tensors, contracted(arithmetic, pairs))

    def real(planes: Planes) -> dict[str, np.ndarray]:
        return {plane: arithmetic.decode(value).astype(np.float64) for plane, value in planes.items()}

    return real(y), real(dx), gradients


@pytest.mark.parametrize("schedule", SCHEDULE_NAMES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_forward_is_the_rebuilt_weight(schedule: str, shape: TrainShape) -> None:
    layer = layer_of(schedule, shape)
    parameters = parameters_of(layer, 1)
    x, g = data_of(layer, 2)
    y, dx, gradients = run(layer, FP64, parameters, x, g)
    weight = reconstruct(shape, layer.cores_of(parameters))
    assert weight.shape == (layer.outputs, layer.inputs)
    for row, column in ((0, 0), (layer.outputs - 1, layer.inputs - 1), (layer.outputs // 2, layer.inputs // 3)):
        index = [*np.unravel_index(row, shape.row_modes), *np.unravel_index(column, shape.column_modes)]
        element = np.ones((1, 1))
        for core, i in zip(layer.cores_of(parameters), index, strict=True):
            element = element @ core[:, i, :]
        assert np.isclose(weight[row, column], element.item())
    for plane, value in x.items():
        bias = parameters["layer0.bias"] if plane != "direction0" else 0.0
        assert np.allclose(y[plane], value @ weight.T + bias, rtol=1e-12, atol=1e-12)
    assert dx.keys() == g.keys()
    for plane, value in g.items():
        assert np.allclose(dx[plane], value @ weight, rtol=1e-12, atol=1e-12)
    assert {k: v.shape for k, v in gradients.items()} == {k: v.shape for k, v in parameters.items()}


@pytest.mark.parametrize("schedule", SCHEDULE_NAMES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gradients_are_the_differences(schedule: str, shape: TrainShape) -> None:
    layer = layer_of(schedule, shape)
    parameters = parameters_of(layer, 3)
    x, g = data_of(layer, 4)
    gradients = run(layer, FP64, parameters, x, g)[2]

    def loss(at: dict[str, np.ndarray]) -> float:
        y = run(layer, FP64, at, x, g)[0]
        return float(sum((y[plane] * g[plane]).sum() for plane in g))

    rng = np.random.default_rng(5)
    for name, value in parameters.items():
        direction = rng.standard_normal(value.shape)
        # The outputs are linear in every single core: a long difference is exact but for rounding.
        numeric = (loss(parameters | {name: value + direction}) - loss(parameters | {name: value - direction})) / 2
        scale = np.linalg.norm(gradients[name]) * np.linalg.norm(direction)
        assert abs((gradients[name] * direction).sum() - numeric) < 1e-9 * scale, name


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_schedules_agree(shape: TrainShape) -> None:
    parameters = parameters_of(layer_of("full", shape), 6)
    x, g = data_of(layer_of("full", shape), 7)
    expected = run(layer_of("full", shape), FP64, parameters, x, g)
    for schedule in ("prs", "sequential"):
        found = run(layer_of(schedule, shape), FP64, parameters, x, g)
        for got, reference in zip(found, expected, strict=True):
            for name, value in reference.items():
                assert np.allclose(got[name], value, rtol=1e-12, atol=1e-12 * np.abs(value).max()), name


@pytest.mark.parametrize("schedule", SCHEDULE_NAMES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("bits", "bound"), [(16, 1e-3), (8, 0.1)])
def test_smx_is_near_the_reference(schedule: str, shape: TrainShape, bits: int, bound: float) -> None:
    layer = layer_of(schedule, shape)
    parameters = {k: v.astype(np.float32) for k, v in parameters_of(layer, 8).items()}
    x, g = data_of(layer, 9)
    exact = run(layer, FP64, {k: v.astype(np.float64) for k, v in parameters.items()}, x, g)
    arithmetic = SmxArithmetic(Precision(activations=bits, weights=bits, gradients=bits))
    found = run(layer, arithmetic, parameters, x, g)
    for got, reference in zip(found, exact, strict=True):
        for name, value in reference.items():
            error = np.linalg.norm(got[name] - value) / np.linalg.norm(value)
            assert error < bound, (name, error)


@pytest.mark.parametrize("schedule", SCHEDULE_NAMES)
def test_smx_bits_are_pinned(schedule: str) -> None:
    layer = layer_of(schedule, SHAPES[2])
    rng = np.random.default_rng(10)
    parameters = {k: rng.standard_normal(v.shape).astype(np.float32) for k, v in parameters_of(layer, 0).items()}
    digest = hashlib.sha256()
    for results in run(layer, SmxArithmetic(Precision()), parameters, *data_of(layer, 11)):
        for name, value in results.items():
            digest.update(name.encode() + value.astype("<f4").tobytes())
    # Changes only with the definition of the arithmetic or the order of operations.
    assert (
        digest.hexdigest()[:16]
        == {
            "full": "cf98bc8fc5de0cef",
            "prs": "2eb42a54a4445b8d",
            "sequential": "3f6f841da24018fe",
        }[schedule]
    )


def test_only_one_intermediate_of_prs_has_rows() -> None:
    traces: list[GemmTrace] = []
    layer = layer_of("prs", SHAPES[4])
    precision = Precision(activations=8, weights=8, gradients=12, tt_intermediate=4)
    run(layer, SmxArithmetic(precision, traces.append), parameters_of(layer, 12), *data_of(layer, 13))
    names = [trace.name.removeprefix("layer0.") for trace in traces]
    sides = [f"{side}_side.core{k}" for side in ("output", "input") for k in (1, 2)]
    back = [
        f"{side}_side.core{k}.{kind}"
        for side in ("output", "input")
        for k in (2, 1)
        for kind in ("gradient", "product_gradient")
    ]
    products = ["intermediate", "forward", "intermediate_gradient", "input_gradient"]
    over_rows = ["output_side_gradient", "input_side_gradient", "bias_gradient"]
    assert names == [*sides, *products, *over_rows, *back]
    widths = {trace.name.removeprefix("layer0."): (trace.a.bits, trace.b.bits, trace.bits) for trace in traces}
    assert widths["intermediate"] == (8, 8, 4) and widths["forward"] == (4, 8, 16)
    assert widths["intermediate_gradient"] == (12, 8, 12) and widths["output_side_gradient"][:2] == (12, 4)
    assert all(widths[name][:2] == (16, 16) for name in [*sides, *back])


def test_initial_weight_has_the_variance_of_a_dense_one() -> None:
    for rank in (1, 2, 3, 8):
        rows, columns = balanced_modes(256, 4)[::-1], balanced_modes(128, 4)
        layer = layer_of("prs", TrainShape(rows, columns, largest_ranks(rows, columns, rank)))
        parameters = layer.initial(np.random.default_rng(rank))
        weight = reconstruct(layer.shape, layer.cores_of(parameters))
        assert np.isclose(np.mean(weight**2), 1 / (3 * 128), rtol=1e-12)
        singular = np.linalg.svd(weight, compute_uv=False)[:rank]
        assert np.allclose(singular, singular[0])
        assert 0.9 / np.sqrt(128) < np.abs(parameters["layer0.bias"]).max() < 1 / np.sqrt(128)


def test_modes_and_ranks() -> None:
    assert [balanced_modes(*case) for case in ((21, 4), (256, 4), (512, 4), (256, 3), (101, 2), (2, 3), (7, 1))] == [
        (1, 1, 3, 7),
        (4, 4, 4, 4),
        (4, 4, 4, 8),
        (4, 8, 8),
        (1, 101),
        (1, 1, 2),
        (7,),
    ]
    assert largest_ranks((4, 4), (2, 2), 8) == (4, 4, 2)
    assert TrainShape((4, 4), (2, 2), (4, 4, 2)).parameters == 16 + 64 + 16 + 4


def test_a_long_sequential_contraction_is_split() -> None:
    shape = TrainShape((4, 16), (16, 4), (2, 2, 2))
    layer = layer_of("sequential", shape)
    parameters = parameters_of(layer, 14)
    rng = np.random.default_rng(15)
    x, g = {"base": rng.standard_normal((300, 64))}, {"base": rng.standard_normal((300, 64))}
    expected = run(layer_of("full", shape), FP64, parameters, x, g)[2]
    wide = SmxArithmetic(Precision(activations=16, weights=16, gradients=16))
    for arithmetic, bound in ((FP64, 1e-12), (wide, 1e-3)):
        found = run(layer, arithmetic, parameters, x, g)[2]
        for name, value in expected.items():
            assert np.linalg.norm(found[name] - value) < bound * np.linalg.norm(value), name
