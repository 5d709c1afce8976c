"""Lowered programs on the golden machine: the trainer's weights and losses, in any order that the waits allow."""

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.lowering.compiler import Lowered, lower, memory_groups
from golden.lowering.listing import listing
from golden.machine import Machine
from golden.train import Trainer
from pinta_hw.spec.config import AcceleratorConfig, Grouping
from pinta_hw.spec.control_timing import section_spans
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment, load_experiment
from pinta_hw.spec.isa.instruction import Instruction, Unit, stream_word
from pinta_hw.spec.isa.transfer import BEAT_BYTES, Direction
from pinta_hw.spec.operation_timing import operation_cycles
from pinta_hw.spec.presets import load_config

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
STEPS = 2
SMALL = AcceleratorConfig(
    "small", (Grouping(2, 2), Grouping(4, 1), Grouping(1, 4)), groups=8, banks=4, words=512, program_depth=2048
)
TRAIN = {"tt": {"modes": 2, "rank": 4}}
PERTURBED = {"directions": "orthogonal", "sigma": 0.01, "count": 2}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "poisson dense": ("poisson2d", {}),
    "poisson train": ("poisson2d-tt", {"network": {"hidden": [16, 16, 16], **TRAIN}}),
    "odd sizes": ("poisson2d", {"network": {"hidden": [13, 7]}, "training": {"interior": 11, "micro_batch": 5}}),
    "rank 3": ("poisson2d-tt", {"network": {"hidden": [12, 12], "tt": {"modes": 2, "rank": 3}}}),
    "hjb": ("hjb20d", {"estimator": {"chunk": 8}}),
    "heat": ("heat100d", {"network": {"hidden": [8, 8]}, "estimator": {"chunk": 5}}),
    "time and space in a chunk": ("heat100d", {"network": {"hidden": [8, 8]}, "estimator": {"chunk": 12}}),
    "boundary only": ("poisson2d", {"training": {"interior": 3, "boundary": 12, "micro_batch": 4}}),
    "diffquant": ("poisson2d", {"estimator": {"name": "diffquant", **PERTURBED}}),
    "parity": ("poisson2d", {"estimator": {"name": "parity", **PERTURBED}}),
    "stein": ("poisson2d", {"estimator": {"name": "stein", **PERTURBED}}),
    "own equation": ("burgers", {}),
    "sgd": ("poisson2d", {"training": {"optimizer": "sgd"}}),
    "random directions": ("poisson2d", {"estimator": {"directions": "rademacher", "count": 3, "shared": False}}),
    "gelu": ("poisson2d", {"network": {"activation": "gelu"}, "precision": {"activations": 16, "gradients": 4}}),
}


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {
        key: merged(base[key], changes[key]) if isinstance(base.get(key), dict) and key in changes else value
        for key, value in (base | changes).items()
    }


def experiment(case: str) -> Experiment:
    name, changes = CASES[case]
    content = load_experiment(EXPERIMENTS / f"{name}.yaml").model_dump()
    small = {"network": {"hidden": [16, 16]}, "training": {"interior": 12, "boundary": 12, "micro_batch": 8}}
    return Experiment.model_validate(merged(merged(content, small), changes))


def finished(lowered: Lowered) -> Machine:
    machine = Machine(lowered.config, lowered.memory.bytes)
    machine.write(lowered.memory.image())
    machine.run(lowered.program)
    return machine


def assert_trained(lowered: Lowered, machine: Machine) -> None:
    trainer = Trainer(lowered.experiment)
    losses = [trainer.step().losses for _ in range(lowered.program.steps)]
    memory = lowered.memory
    trained = memory.trained(machine.memory[memory.results_at // BEAT_BYTES :])
    for name, value in trainer.optimizer.parameters.items():
        assert np.array_equal(trained[name], value), name
    assert memory.losses(machine.memory[memory.losses_at // BEAT_BYTES : memory.results_at // BEAT_BYTES]) == losses


@pytest.mark.parametrize("case", CASES)
def test_the_machine_trains_as_the_trainer_does(case: str) -> None:
    lowered = lower(experiment(case), SMALL, STEPS)
    machine = finished(lowered)
    assert_trained(lowered, machine)
    for instruction in lowered.program.body:
        stream_word(SMALL, instruction)
    spans = section_spans(lowered.program.body, [operation_cycles(SMALL, i.operation) for i in lowered.program.body])
    groups = [memory_groups(SMALL, instruction.operation) for instruction in lowered.program.body]
    for first in range(len(spans)):
        for second in range(first):
            if spans[first].start <= spans[second].done and spans[second].start <= spans[first].done:
                assert not groups[first] & groups[second], (first, second)


def test_micro_batches_share_their_directions() -> None:
    """What is the same in all of them is loaded once, before the first step, where there is room."""
    given = experiment("hjb")
    roomy = replace(SMALL, words=4096)
    loads = [i for i in lower(given, roomy, STEPS).program.body if i.unit is Unit.TRANSFER and i.phase == "load"]
    points = given.training.interior
    batches = -(-points // given.training.micro_batch)
    # Points, and the last chunk's table, which has them behind the directions, come for each micro-batch.
    tensors = [i for i in loads if i.operation.direction is Direction.LOAD_TENSOR]
    print([(i.name, i.operation.beats) for i in tensors])
    assert len(tensors) <= 2 * batches


def interleaved(body: list[Instruction], rng: random.Random) -> list[Instruction]:
    """Some order in which units could execute their streams."""
    streams = {unit: [i for i in body if i.unit is unit] for unit in Unit}
    ended: Counter[Unit] = Counter()
    order = []
    while len(order) < len(body):
        able = [
            stream[ended[unit]]
            for unit, stream in streams.items()
            if ended[unit] < len(stream) and all(ended[u] >= n for u, n in stream[ended[unit]].after.items())
        ]
        order.append(rng.choice(able))
        ended[order[-1].unit] += 1
    return order


@pytest.mark.parametrize("case", ["poisson train", "hjb", "parity"])
def test_any_order_that_the_waits_allow_gives_the_same(case: str) -> None:
    lowered = lower(experiment(case), SMALL, 1)
    expected = finished(lowered)
    for seed in range(3):
        print("seed", seed)
        machine = Machine(SMALL, lowered.memory.bytes)
        machine.write(lowered.memory.image())
        machine.section(lowered.program.prologue, 0)
        machine.section(interleaved(list(lowered.program.body), random.Random(seed)), 0)
        machine.section(lowered.program.epilogue, 0)
        assert np.array_equal(machine.memory, expected.memory)


@pytest.mark.parametrize("preset", ["edge", "large"])
def test_results_do_not_depend_on_the_accelerator(preset: str) -> None:
    given = experiment("poisson train")
    lowered = lower(given, load_config(preset), STEPS)
    assert_trained(lowered, finished(lowered))


def test_the_listing_names_every_instruction() -> None:
    lowered = lower(experiment("poisson train"), SMALL, 1)
    lines = list(listing(SMALL, lowered.program))
    assert len(lines) == sum(len(section) for section in lowered.program.sections)
    assert {line.phase for line in lines} >= {"weights", "forward", "residual", "backward", "loss", "update"}
    assert all(line.cycles > 0 and line.operation and line.name for line in lines)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"precision": {"arithmetic": "fp32"}}, "precision.arithmetic: fp32 cannot be lowered; allowed: smx"),
        ({"network": {"tt": {"schedule": "full"}}}, "network.tt.schedule: full cannot be lowered; allowed: prs"),
        (
            {"network": {"hidden": [256, 256]}},
            r"12999 words; allowed: 2048, one group of small; a smaller training.micro_batch",
        ),
        (
            {"network": {"hidden": [64, 64, 64]}, "training": {"micro_batch": 24}},
            r"words do not fit into the scratchpad .*; allowed: 2048 words in each of 8",
        ),
    ],
)
def test_what_does_not_fit_is_told(changes: dict[str, Any], message: str) -> None:
    content = merged(load_experiment(EXPERIMENTS / "poisson2d-tt.yaml").model_dump(), changes)
    with pytest.raises(UserError, match=message):
        lower(Experiment.model_validate(content), SMALL)


def test_lowering_is_deterministic() -> None:
    first, second = (lower(experiment("poisson train"), SMALL, STEPS) for _ in range(2))
    words = [[stream_word(SMALL, i) for section in low.program.sections for i in section] for low in (first, second)]
    assert words[0] == words[1]
