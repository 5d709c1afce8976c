"""The programs whose energy is measured, on `tiny` with room for them in its program stores."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from golden.first_step import first_step_activities
from golden.lowering.compiler import Lowered, lower
from pinta_hw.spec.activity import MOST, Activity
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.experiment import Experiment, load_experiment
from pinta_hw.spec.isa.instruction import Instruction
from pinta_hw.spec.presets import load_config

_EXPERIMENTS = Path(__file__).parents[2] / "experiments"
_PROGRAM_DEPTH = 1024
_SMALL: dict[str, dict[str, Any]] = {"training": {"interior": 8, "boundary": 8, "micro_batch": 8}}
_CHANGES: dict[str, dict[str, Any]] = {
    "poisson2d-tt": {"network": {"hidden": [16, 16, 16], "tt": {"modes": 2, "rank": 4}}},
    "hjb20d": {"network": {"hidden": [8, 8]}, "estimator": {"chunk": 4}},
}
CHARACTERIZED = "poisson2d-tt"
CHECKED = "hjb20d"


def machine() -> AcceleratorConfig:
    """The preset `tiny`, its program stores as deep as a training step needs; they are memories and not mapped."""
    return replace(load_config("tiny"), program_depth=_PROGRAM_DEPTH)


def training_step(name: str) -> Lowered:
    """One step of an experiment of the project, made small enough for `tiny`."""
    content = load_experiment(_EXPERIMENTS / f"{name}.yaml").model_dump()
    return lower(Experiment.model_validate(_merged(_merged(content, _SMALL), _CHANGES[name])), machine(), 1)


def executed(lowered: Lowered) -> list[tuple[Instruction, Activity]]:
    """Every instruction in the order of execution; all steps are taken to multiply by zero as often as the first."""
    program = lowered.program
    body = list(zip(program.body, first_step_activities(lowered), strict=True))
    return [*((each, MOST) for each in program.prologue), *program.steps * body, *((e, MOST) for e in program.epilogue)]


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _merged(base[key], changes[key]) if isinstance(base.get(key), dict) and key in changes else value
        for key, value in (base | changes).items()
    }
