"""What follows a machine that trains: steps as they are written, and the golden trainer beside them."""

import math
from pathlib import Path

import pytest

from golden.lowering.compiler import Lowered, lower
from pinta_hw.spec.isa.transfer import BEAT_BYTES
from tb.golden.test_lowering import SMALL, experiment, finished
from tb.machine.session import WRITES
from tb.training.follow import Follower

STEPS = 3


def written(lowered: Lowered) -> list[str]:
    """The lines that the machine's losses leave, each behind a beat that is none."""
    memory = finished(lowered).memory
    lines = []
    for beat in range(lowered.memory.losses_at // BEAT_BYTES, lowered.memory.results_at // BEAT_BYTES):
        low, high = (int(half) for half in memory[beat])
        lines += [f"{0:016x} {1:032x}\n", f"{beat:016x} {high:016x}{low:016x}\n"]
    return lines


def test_steps_come_one_by_one_with_the_trainer(tmp_path: Path) -> None:
    lowered = lower(experiment("poisson train"), SMALL, STEPS)
    lines = written(lowered)
    follower = Follower(lowered, 1000)
    assert list(follower.follow()) == []  # not begun
    follower.begin(tmp_path)
    assert list(follower.follow()) == []  # nothing written
    text = "".join(lines)
    a_step = len(text) // STEPS
    (tmp_path / WRITES).write_text(text[: a_step + len(lines[-1]) // 2])
    (first,) = follower.follow()
    (tmp_path / WRITES).write_text(text)
    second, third = follower.follow()
    assert list(follower.follow()) == []
    assert [told.step for told in (first, second, third)] == [1, 2, 3]
    assert [told.loss for told in (first, second, third)] == [sum(losses.values()) for losses in follower.losses]
    assert third.relative_l2 == follower.trainer.relative_l2()
    assert first.cycles_per_second > 0


def test_the_error_is_looked_at_some_times_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tb.training.follow._ERRORS", 1)
    lowered = lower(experiment("poisson train"), SMALL, STEPS)
    follower = Follower(lowered, 1000)
    follower.begin(tmp_path)
    (tmp_path / WRITES).write_text("".join(written(lowered)))
    errors = [told.relative_l2 for told in follower.follow()]
    assert [math.isnan(error) for error in errors] == [True, True, False]
