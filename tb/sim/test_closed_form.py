"""The closed form of a step: its work is that of the compiled program, its cycles are near those of the cycle model."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from golden.lowering.compiler import lower
from pinta.problem_shape import problem_shape
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment, load_experiment
from pinta_hw.spec.isa.instruction import Unit
from pinta_hw.spec.presets import load_config
from sim.closed_form.comparison import ErrorDistribution, compare
from sim.closed_form.cost import CostModel
from sim.closed_form.estimate import StepCost, estimate, step_cost
from sim.closed_form.step import step_work
from sim.energy import energy_pj, standing_pj
from sim.energy_table import EnergyTable, load_table, table_names
from sim.gemm import estimate_gemm
from sim.operation_events import operation_events
from sim.program import simulate
from sim.program_energy import step_energy
from tb.golden.test_lowering import CASES, SMALL, experiment

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
ROOMY = replace(SMALL, words=2048)
"""So that the compiler need not save memory, for which it takes more cycles."""
TABLE = load_table("published-7nm")
PERTURBED = {"diffquant", "parity", "stein"}
NEAR = 0.03
"""Of the cycles of the experiments on edge."""
SMALL_NETWORKS = 0.2
"""Of those of layers of 16 units on an array of four, whose operations are hardly longer than the pipelines."""


def changed(base: Experiment, **sections: dict[str, Any]) -> Experiment:
    content = base.model_dump(mode="json", exclude_unset=True)
    for name, keys in sections.items():
        content[name] = {**content.get(name, {}), **keys}
    return Experiment.model_validate(content)


def cost(described: Experiment, config: AcceleratorConfig, latency: int = 40, table: EnergyTable = TABLE) -> StepCost:
    return estimate(described, problem_shape(described.problem), config, table, latency)


@pytest.mark.parametrize("case", CASES)
def test_work_is_that_of_the_compiled_program(case: str) -> None:
    described = experiment(case)
    program = lower(described, ROOMY, 2).program
    step = simulate(ROOMY, program).step
    model, work = CostModel(ROOMY), step_work(described, problem_shape(described.problem))
    # What is joined, and which operands share a group, depends on the schedule a little.
    slack = 0.06 if case in PERTURBED else 0.01
    for unit, own in model.units(work).items():
        exact = step.units[unit.name.lower()]
        assert own.cycles == pytest.approx(exact.busy_cycles, rel=slack), unit
        assert own.instructions == pytest.approx(exact.instructions, rel=slack), unit
    events: Counter[Any] = Counter()
    for instruction in program.body:
        events.update(operation_events(ROOMY, instruction.operation))
    counts = model.counts(work)
    for event in events | counts:
        assert counts[event] == pytest.approx(events[event], rel=slack), event
    whole = cost(described, ROOMY)
    assert whole.cycles == pytest.approx(step.cycles, rel=SMALL_NETWORKS)
    spent = step_energy(ROOMY, TABLE, program, step.cycles)
    assert whole.total_pj == pytest.approx(spent.total_pj, rel=slack)


@pytest.mark.parametrize(
    "name",
    [
        "poisson2d-edge",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in (
                "poisson2d-multifrequency-edge",
                "hjb20d-edge",
                "hjb20d-cole-hopf-edge",
                "heat100d-edge",
                "heat100d-wave-edge",
            )
        ),
    ],
)
def test_cycles_of_the_experiments_are_near_the_exact_ones(name: str) -> None:
    described, config = load_experiment(EXPERIMENTS / f"{name}.yaml"), load_config("edge")
    program = lower(described, config, 2).program
    exact = simulate(config, program)
    compared = compare(cost(described, config), exact, step_energy(config, TABLE, program, exact.step.cycles))
    print(*compared, sep="\n")
    assert abs(compared[0].error) < NEAR
    assert all(abs(each.error) < 0.02 for each in compared[1:])


POISSON = load_experiment(EXPERIMENTS / "poisson2d-edge.yaml")
HJB = load_experiment(EXPERIMENTS / "hjb20d-edge.yaml")
EDGE = replace(load_config("edge"), groups=16, words=16384, real_words=65536, program_depth=65536)
WIDTHS = (4, 8, 12, 16)
ROLES = ("inputs", "activations", "a_rows", "s_rows", "weights", "gradients", "tt_intermediate")


def growing(of: Callable[[Any, EnergyTable], StepCost], values: tuple[Any, ...]) -> None:
    for table in map(load_table, table_names()):
        costs = [(value, of(value, table)) for value in values]
        for (before, less), (after, more) in pairwise(costs):
            assert less.cycles <= more.cycles, (before, after)
            assert less.chip_pj <= more.chip_pj, (before, after, table.name)
        assert costs[0][1].cycles < costs[-1][1].cycles


@pytest.mark.parametrize("base", [POISSON, HJB], ids=["poisson", "hjb"])
@pytest.mark.parametrize("role", ROLES)
def test_a_larger_precision_never_costs_less(base: Experiment, role: str) -> None:
    widths: tuple[int, ...] = WIDTHS
    if role in ("a_rows", "s_rows"):
        # Rows that are as wide as those of values are contracted together with them, which saves more than bits do.
        widths = tuple(bits for bits in WIDTHS if bits != base.precision.activations)
    growing(lambda bits, table: cost(changed(base, precision={role: bits}), EDGE, table=table), widths)


@pytest.mark.parametrize("base", [POISSON, HJB], ids=["poisson", "hjb"])
@pytest.mark.parametrize(
    ("section", "key", "values"),
    [
        ("training", "interior", (16, 32, 64, 100, 128, 256, 512)),
        ("training", "boundary", (16, 32, 64, 100, 128, 256, 512)),
        ("network", "hidden", ([32] * 3, [64] * 3, [128] * 3, [256] * 3, [512] * 3)),
        ("network", "hidden", ([128], [128] * 2, [128] * 3, [128] * 4, [128] * 5)),
        ("network", "tt", tuple({"rank": rank, "modes": 4} for rank in (2, 4, 8, 12, 16, 24, 32))),
        ("estimator", "count", (1, 2, 4, 8, 16, 20)),
    ],
    ids=["interior", "boundary", "width", "depth", "rank", "directions"],
)
def test_a_larger_problem_never_costs_less(base: Experiment, section: str, key: str, values: tuple[Any, ...]) -> None:
    if base is HJB and key == "boundary":
        pytest.skip("it has no boundary points")
    if key == "count":
        base = changed(base, estimator={"directions": "rademacher"})
    growing(lambda value, table: cost(changed(base, **{section: {key: value}}), EDGE, table=table), values)


@pytest.mark.parametrize("base", [POISSON, HJB], ids=["poisson", "hjb"])
def test_a_slower_memory_never_costs_less(base: Experiment) -> None:
    growing(lambda latency, table: cost(base, EDGE, latency, table), (1, 10, 40, 41, 100, 400, 1000, 10_000))


@pytest.mark.parametrize("base", [POISSON, HJB], ids=["poisson", "hjb"])
@pytest.mark.parametrize(
    ("key", "values"), [("groups", (16, 14, 12, 10, 8, 6)), ("words", (65536, 16384, 4096, 2048, 1024))]
)
def test_a_smaller_scratchpad_is_never_faster(base: Experiment, key: str, values: tuple[int, ...]) -> None:
    small = changed(base, training={"micro_batch": 8})
    cycles = [cost(small, replace(EDGE, **{key: value})).cycles for value in values]
    assert cycles == sorted(cycles)


def test_parts_are_the_whole() -> None:
    model, work = CostModel(EDGE), step_work(HJB, problem_shape(HJB.problem))
    whole = step_cost(model, TABLE, work)
    assert sum(whole.parts_pj.values()) == pytest.approx(whole.total_pj)
    assert sum(whole.area_um2.values()) == pytest.approx(whole.total_area_um2)
    assert whole.parts_pj == energy_pj(EDGE, TABLE, model.counts(work)) | standing_pj(EDGE, TABLE, whole.cycles)
    phases = [model.units_of(counts) for counts in model.phases(work).values()]
    for unit in Unit:
        assert sum(own[unit].cycles for own in phases) == whole.busy_cycles[unit.name.lower()]
    assert whole.cycles >= max(whole.busy_cycles.values())


@pytest.mark.parametrize(
    ("config", "sections", "message"),
    [
        ({"words": 256}, {}, "one group of edge"),
        ({"groups": 3}, {"training": {"micro_batch": 36}}, "the scratchpad of edge"),
        ({"real_words": 64}, {}, "parameters: "),
        ({"program_depth": 64}, {}, "program_depth: "),
    ],
)
def test_what_cannot_fit_is_refused(config: dict[str, int], sections: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        cost(changed(POISSON, **sections), replace(load_config("edge"), **config))


def test_an_error_distribution() -> None:
    found = ErrorDistribution.of([0.01, -0.02, 0.03, 0.0, -0.1])
    assert (found.count, found.median, found.lowest, found.highest) == (5, 0.02, -0.1, 0.03)
    assert found.nine_tenths == pytest.approx(0.072)


def test_a_product_is_estimated_in_microseconds() -> None:
    config, best = load_config("edge"), float("inf")
    for _ in range(40):
        begin = time.process_time()
        for more in range(50):
            estimate_gemm(config, TABLE, 256 + more, 128, 128, 8, 8, 8)
        best = min(best, (time.process_time() - begin) / 50)
    # 45 us on the machine that the documentation speaks of; a slower one may take twice as long.
    assert best < 100e-6
