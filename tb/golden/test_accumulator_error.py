"""The study's variant of the contract is the contract, and the study sees what it should."""

from pathlib import Path

import numpy as np
import pytest

from golden.gemm import accumulate
from golden.quantize import quantize
from golden.studies import accumulator_error as study
from golden.studies.training_operands import training_operands
from pinta_hw.spec.accumulator import ACCUMULATOR_BITS
from pinta_hw.spec.experiment import Experiment, load_experiment

POISSON = Path(__file__).parents[2] / "experiments" / "poisson2d.yaml"


@pytest.mark.parametrize(("a_bits", "b_bits"), study.PRECISIONS)
@pytest.mark.parametrize("data", ["gaussian", "log-normal", "ascending"])
def test_the_contract_is_one_of_the_variants(a_bits: int, b_bits: int, data: str) -> None:
    operands = study.synthetic(np.random.default_rng(5), data, 64)
    a, b = quantize(operands.a, a_bits), quantize(operands.b, b_bits)
    products, exponents = study._products(a, b)
    value = study.contract(products, exponents, a_bits + b_bits - 4, "running", ACCUMULATOR_BITS, "half-up")
    assert np.array_equal(value, accumulate(a, b).to_float())


def test_wider_accumulators_err_less_and_flooring_errs_more() -> None:
    operands = study.synthetic(np.random.default_rng(6), "gaussian", 256)
    measured = list(study.measure(operands))
    rows = {(row.a_bits, row.scheme, row.width, row.rounding): row.rms_steps for row in measured}
    assert study.worst(measured, a_bits=16, scheme="known", width=24) == rows[16, "known", 24, "floor"]
    for scheme in study.SCHEMES:
        errors = [rows[16, scheme, width, "half-up"] for width in study.WIDTHS]
        assert errors == sorted(errors, reverse=True) and errors[0] > 100 * errors[-1] > 0
        assert rows[16, scheme, 32, "floor"] > 2 * rows[16, scheme, 32, "half-up"]


def test_operands_of_a_training_step() -> None:
    content = load_experiment(POISSON).model_dump()
    content["network"]["hidden"] = (8, 12)
    content["training"] |= {"interior": 8, "boundary": 4}
    operands = training_operands(Experiment.model_validate(content), 2)
    # The two directions of 8 points are the largest part; rows of all passes are contracted at once.
    assert [(o.a.shape, o.b.shape) for o in operands] == [((16, 8), (8, 12)), ((16, 12), (12, 8)), ((8, 36), (36, 12))]
    for each in operands:
        assert {row.data for row in study.measure(each)} == {each.data}
