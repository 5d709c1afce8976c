"""TT-SVD of dense weights: error within its bound, exact where the ranks suffice."""

import numpy as np
import pytest

from golden.arithmetic import FloatArithmetic
from golden.layers import Dense
from golden.tt import SCHEDULES, TrainShape, largest_ranks, random_cores, reconstruct
from golden.tt.svd import error_bound, import_dense, tt_svd
from pinta_hw.spec.errors import UserError

pytest.importorskip("tensorly")

MODES = [((4, 4, 4), (4, 4, 4)), ((8, 4, 2), (1, 3, 7)), ((16,), (12,)), ((2, 3), (5, 1))]


@pytest.mark.parametrize("modes", MODES, ids=str)
@pytest.mark.parametrize("rank", [1, 2, 3, 8])
def test_error_is_within_the_bound(modes: tuple[tuple[int, ...], tuple[int, ...]], rank: int) -> None:
    sides = np.prod(modes[0]), np.prod(modes[1])
    rng = np.random.default_rng(rank)
    # Falling singular values: some ranks lose little, some much.
    weight = rng.standard_normal(sides) @ np.diag(np.exp2(-np.arange(sides[1]) / 2.0))
    shape, cores = tt_svd(weight, *modes, rank)
    assert [core.shape for core in cores] == list(shape.cores) and max(shape.ranks) <= rank
    error, bound = np.linalg.norm(reconstruct(shape, cores) - weight), error_bound(weight, shape)
    print(error, bound)
    assert bound / np.sqrt(len(cores) - 1) * (1 - 1e-9) - 1e-12 <= error <= bound * (1 + 1e-9) + 1e-12


@pytest.mark.parametrize("modes", MODES, ids=str)
def test_a_weight_of_the_rank_is_found_again(modes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    shape = TrainShape(*modes, largest_ranks(*modes, 3))
    weight = reconstruct(shape, random_cores(shape, np.random.default_rng(1), 1.0))
    assert error_bound(weight, shape) < 1e-12
    assert np.allclose(reconstruct(*tt_svd(weight, *modes, 3)), weight, atol=1e-12)


@pytest.mark.parametrize("schedule", sorted(SCHEDULES))
def test_an_imported_layer_computes_as_the_dense_one(schedule: str) -> None:
    dense = Dense("layer1", 12, 16)
    rng = np.random.default_rng(2)
    parameters = {name: value + 0.1 * rng.standard_normal(value.shape) for name, value in dense.initial(rng).items()}
    layer = SCHEDULES[schedule]("hidden", TrainShape((4, 4), (3, 4), largest_ranks((4, 4), (3, 4), 99)))
    imported = import_dense(layer, dense, parameters)
    fp64, x = FloatArithmetic(np.float64), {"base": rng.standard_normal((5, 12))}
    expected, _ = dense.forward(fp64, dense.encode(fp64, parameters), x)
    found, _ = layer.forward(fp64, layer.encode(fp64, imported), x)
    assert np.allclose(found["base"], expected["base"], rtol=1e-12, atol=1e-12)


def test_mistakes_are_one_line() -> None:
    weight = np.ones((4, 6))
    with pytest.raises(UserError, match=r"^modes: 4 x 5 for a weight of \(4, 6\); allowed: "):
        tt_svd(weight, (4,), (5,), 2)
    with pytest.raises(UserError, match="^rank: 0 is not possible; allowed: 1 or more"):
        tt_svd(weight, (4,), (6,), 0)
    layer = SCHEDULES["prs"]("hidden", TrainShape((2, 2), (2, 3), (8, 8, 8)))
    with pytest.raises(UserError, match=r"^ranks: \[8, 8, 8\] are not those of TT-SVD; allowed: \[2, 4, 3\]"):
        import_dense(layer, Dense("d", 6, 4), {"d.weight": weight.T, "d.bias": np.zeros((1, 4))})
