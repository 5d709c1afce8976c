"""Blocks of other shapes: values, bytes and transposition."""

from pathlib import Path

import numpy as np
import pytest

from golden.quantize import quantize
from golden.studies import format_blocks as study
from pinta_hw.spec.experiment import load_experiment

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@pytest.mark.parametrize("bits", [4, 8, 12, 16])
def test_square_blocks_are_smx(bits: int) -> None:
    x = np.random.default_rng(bits).standard_normal((9, 14)) * np.exp2(np.arange(14))
    assert np.array_equal(study.SQUARE.quantize(x, bits), quantize(x, bits).dequantize())


def test_runs_share_one_exponent_along_a_row() -> None:
    x = np.zeros((2, 40))
    x[0, 0], x[0, 15], x[0, 16], x[0, 39], x[1, 1] = 64.0, 0.4, 0.4, 0.25, 0.375
    for run, expected in ((16, [64, 0, 0.3984375, 0.25, 0.375]), (32, [64, 0, 0, 0.25, 0.375])):
        y = study.Block(1, run).quantize(x, 8)
        assert [y[0, 0], y[0, 15], y[0, 16], y[0, 39], y[1, 1]] == expected


def test_bytes_of_padded_blocks() -> None:
    assert study.SQUARE.stored_bytes((5, 8), 8) == 4 * 17
    assert study.Block(1, 16).stored_bytes((5, 8), 8) == 5 * 17
    assert study.Block(1, 32).stored_bytes((5, 33), 12) == 10 * 49
    row = study.measure_bytes("one", [study.Tensor((16, 32), 8)], study.Block(1, 32))
    assert (row.forward_bytes, row.backward_bytes) == (16 * 33, 32 * 33)


def test_only_square_blocks_transpose() -> None:
    for row in study.transpositions(seed=1, size=64):
        assert row.equal == (row.block == "4 x 4") == (row.difference == 0)
        assert 0 < row.error < 0.3


def test_networks_of_an_experiment() -> None:
    rows = {
        (row.network, row.block): row for row in study.bytes_of(load_experiment(EXPERIMENTS / "poisson2d-tt.yaml"), 500)
    }
    networks = list(dict.fromkeys(network for network, _ in rows))
    assert len(networks) == 3 and len(rows) == 9
    for network in networks:
        assert rows[network, "4 x 4"].backward_bytes == 0
        assert rows[network, "4 x 4"].total_bytes < 0.6 * rows[network, "1 x 16"].total_bytes
    dense = study.bytes_of(load_experiment(EXPERIMENTS / "poisson2d.yaml"), 500)
    assert {row.network for row in dense} == {"dense"}
    # 3 x 64, 12/8/8: inputs, gradients of the outputs and weights of four layers, 17 or 25 bytes a block.
    blocks = [(125, 1, 16, 1), (125, 16, 16, 16), (125, 16, 16, 16), (125, 16, 1, 16)]
    expected = sum(25 * r * i + 17 * r * o + 17 * i * o for r, i, o, _ in blocks)
    assert dense[0].forward_bytes == expected
