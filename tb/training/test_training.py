"""Whole training steps on the RTL: every word of every memory, every weight, every loss, every cycle."""

import numpy as np
import pytest

from golden.lowering.compiler import lower
from pinta_hw.spec.config import AcceleratorConfig, Grouping
from tb.golden.test_lowering import SMALL, STEPS, assert_trained, experiment
from tb.training.check import train_on_rtl

ODD = AcceleratorConfig(
    "odd",
    (Grouping(8, 1), Grouping(2, 4)),
    groups=8,
    banks=8,
    words=256,
    program_depth=512,
    real_words=512,
    table_lanes=1,
    residual_lanes=2,
    update_lanes=4,
)
"""More rows than columns, wide elementwise work, one table."""


def assert_equal(case: str, config: AcceleratorConfig, steps: int, latency: int = 40) -> None:
    lowered = lower(experiment(case), config, steps)
    compared = train_on_rtl(lowered, latency, name=case.replace(" ", "-"))
    print(case, compared.wrong, compared.outcome.counters, compared.predicted_cycles)
    assert compared.equal
    assert_trained(lowered, compared.golden)


@pytest.mark.parametrize(
    "case", ["poisson train", "hjb", "heat", "diffquant", "parity", "poisson dense", "own equation"]
)
def test_steps_on_the_rtl(case: str) -> None:
    assert_equal(case, SMALL, STEPS)


@pytest.mark.parametrize("case", ["odd sizes", "random directions", "stein"])
def test_a_slow_memory_changes_cycles_only(case: str) -> None:
    assert_equal(case, SMALL, 1, latency=300)


@pytest.mark.slow
def test_another_shape_gives_the_same_bits() -> None:
    assert_equal("poisson train", ODD, STEPS)


def test_the_loss_falls() -> None:
    lowered = lower(experiment("poisson train"), SMALL, 30)
    compared = train_on_rtl(lowered, name="falling")
    assert compared.equal
    memory = lowered.memory
    beats = np.frombuffer(compared.outcome.memory, np.uint64).reshape(-1, 2)
    losses = [sum(each.values()) for each in memory.losses(beats[memory.losses_at // 16 : memory.results_at // 16])]
    print(losses)
    assert np.mean(losses[-5:]) < 0.5 * losses[0]
