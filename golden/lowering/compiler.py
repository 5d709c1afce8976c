"""Compiles an experiment: the program of its training, and what the machine's memory holds before it starts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.control_timing import section_cycles
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment
from pinta_hw.spec.isa.convert import Decode, Encode
from pinta_hw.spec.isa.elementwise import Elementwise, reads_together
from pinta_hw.spec.isa.gemm import Gemm, RealResult
from pinta_hw.spec.isa.instruction import Instruction, Operation, Program, Unit
from pinta_hw.spec.isa.real import Update, Vector
from pinta_hw.spec.isa.real_memory import REAL_GROUPS
from pinta_hw.spec.isa.transfer import Direction, Transfer
from pinta_hw.spec.layout import TensorLayout
from pinta_hw.spec.operation_timing import best_gemm, operation_cycles
from pinta_hw.spec.residency import RESIDENT_SHARE

from ..optim import learning_rate
from ..train import Trainer
from .allocation import Placement, Timed, allocate, shape_of
from .memory import Memory
from .outside import Outside
from .products import merged
from .schedule import Interval, Task, predecessors, schedule
from .step import record_step, scalars_of_steps
from .tape import Places, RealRegion, Recorded, Use
from .tensors import Buffer, RealBuffer

WINDOWS = (175, 150, 100, 60, 40, 25, 15)
"""How many operations one may overtake: more overlap, or less memory; what is fastest and fits is taken."""

REACHES = (1000, 40, 0)
"""How far apart products may be that are joined; the first with which anything fits is taken."""

RESIDENT_SHARES = (RESIDENT_SHARE, 12, 32, math.inf)
"""Constants may fill the scratchpad divided by this; the first with which anything fits is taken."""


@dataclass(frozen=True)
class Lowered:
    """A compiled training.

    Parameters
    ----------
    experiment : Experiment
        What it trains.
    config : AcceleratorConfig
        On what.
    program : Program
        The program.
    memory : Memory
        What it reads and writes outside.
    """

    experiment: Experiment
    config: AcceleratorConfig
    program: Program
    memory: Memory


def lower(experiment: Experiment, config: AcceleratorConfig, steps: int | None = None) -> Lowered:
    """Compile a training for an accelerator.

    Parameters
    ----------
    experiment : Experiment
        In SMX; dense layers, or tensor trains of schedule ``prs``.
    config : AcceleratorConfig
        What it shall run on.
    steps : int, optional
        Steps to run; all of the experiment's where not given. The schedule of the learning rate is always that of the
        whole training.

    Raises
    ------
    UserError
        If the experiment asks for something that the machine does not do, or does not fit.
    """
    _check(experiment)
    trainer = Trainer(experiment)
    count = experiment.training.steps if steps is None else steps
    rates = [learning_rate(experiment.training, step) for step in range(count)]
    scalars = scalars_of_steps(trainer, rates)
    body, memory = _fitting(trainer, scalars, config)
    prologue = [Instruction(t, {}, "prologue", name) for name, t in memory.prologue()]
    epilogue = [Instruction(t, {}, "epilogue", name) for name, t in memory.epilogue()]
    return Lowered(experiment, config, Program(prologue, body, epilogue, count), memory)


def _fitting(
    trainer: Trainer, scalars: Sequence[dict[str, float]], config: AcceleratorConfig
) -> tuple[list[Instruction], Memory]:
    """The body of the program, with as many resident constants as leave room for everything else."""
    for share in RESIDENT_SHARES:
        recorded = record_step(trainer, 0, scalars[0], config.units)
        outside = Outside(trainer, recorded, scalars, config.units, int(config.scratchpad_words / share))
        try:
            return _fastest(config, outside)
        except UserError as error:
            failure = error
    raise failure


def _fastest(config: AcceleratorConfig, outside: Outside) -> tuple[list[Instruction], Memory]:
    """The body, in the order and at the places that take the fewest cycles of those that are tried."""
    rough = _Rough(config)
    operations = outside.operations()
    before = predecessors([rough.task(operation) for operation in operations])
    found: list[tuple[int, list[Instruction], Memory]] = []
    for reach in REACHES:
        joined = merged(operations, before, reach)
        for window in WINDOWS:
            try:
                body, memory = _body(config, joined, outside, window)
            except UserError as error:
                failure = error  # the last one is of the order that needs the least memory
                continue
            durations = [operation_cycles(config, instruction.operation) for instruction in body]
            found.append((section_cycles(body, durations), body, memory))
        if found:
            break
    else:
        raise failure
    _, body, memory = min(found, key=lambda each: each[0])
    return body, memory


def _body(
    config: AcceleratorConfig, operations: Sequence[Recorded], outside: Outside, window: int
) -> tuple[list[Instruction], Memory]:
    rough = _Rough(config)
    order = schedule([rough.task(operation) for operation in operations], window)
    timed = [Timed(operations[slot.task], slot.begin, slot.end) for slot in order]
    placement = allocate(config, timed, outside.recorded.tape.reals, outside.kept)
    memory = Memory(outside, placement)
    # Once more, now that it is known who meets whom in memory.
    placed = [_finish(config, slot.operation, memory) for slot in timed]
    tasks = [_placed_task(config, slot.operation, own, placement) for slot, own in zip(timed, placed, strict=True)]
    final = [slot.task for slot in schedule(tasks, window)]
    instructions = _with_waits(config, [timed[index].operation for index in final], [placed[index] for index in final])
    return instructions, memory


def _check(experiment: Experiment) -> None:
    if experiment.precision.arithmetic != "smx":
        raise UserError(f"precision.arithmetic: {experiment.precision.arithmetic} cannot be lowered; allowed: smx")
    train = experiment.network.tt
    if train is not None and train.schedule != "prs":
        raise UserError(f"network.tt.schedule: {train.schedule} cannot be lowered; allowed: prs, or dense layers")


class _Rough:
    """Places before there are any: enough to know how long an operation takes."""

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config

    def operation(self, recorded: Recorded) -> Operation:
        """The operation with every buffer at word 0."""
        return _chosen(self._config, recorded.build(self))

    def task(self, recorded: Recorded) -> Task:
        """What a schedule needs to know of it."""
        reads, writes = ([_interval(use) for use in uses] for uses in (recorded.reads, recorded.writes))
        return Task(recorded.unit, operation_cycles(self._config, self.operation(recorded)), reads, writes)

    def rows(self, buffer: Buffer, block: int, count: int) -> TensorLayout:
        """See `Places`."""
        return replace(shape_of(self._config, buffer.root[0]), base=0, row_blocks=count)

    def real(self, address: int) -> int:
        """See `Places`."""
        return 0

    def load(self, buffer: Buffer | RealBuffer) -> Transfer:
        """See `Places`."""
        if isinstance(buffer, RealBuffer):
            return Transfer(Direction.LOAD_REAL, 0, 0, 0, buffer.beats)
        return Transfer(Direction.LOAD_TENSOR, 0, 0, 0, self.rows(buffer, 0, buffer.row_blocks).words)

    def store_loss(self, term: int, address: int) -> Transfer:
        """See `Places`."""
        return Transfer(Direction.STORE_REAL, 0, 0, 0, 1)


def _chosen(config: AcceleratorConfig, operation: Operation) -> Operation:
    """A product in the way that finishes first."""
    return best_gemm(config, operation) if isinstance(operation, Gemm) else operation


def _interval(use: Use) -> Interval:
    if isinstance(use, RealRegion):
        return use.buffer, use.first, use.end
    return use.interval


def _placed_task(config: AcceleratorConfig, recorded: Recorded, operation: Operation, places: Placement) -> Task:
    """The same with addresses for buffers: what lies in one place one after the other keeps its order."""

    def placed(use: Use) -> Interval:
        if isinstance(use, RealRegion):
            base = places.reals[use.buffer]
            return "real", base + use.first, base + use.end
        layout = places.tensors[use.interval[0]]
        return "tensors", layout.base, layout.base + layout.words

    reads, writes = ([placed(use) for use in uses] for uses in (recorded.reads, recorded.writes))
    groups = frozenset(memory_groups(config, operation))
    return Task(recorded.unit, operation_cycles(config, operation), reads, writes, groups)


def _finish(config: AcceleratorConfig, recorded: Recorded, places: Places) -> Operation:
    operation = _chosen(config, recorded.build(places))
    if isinstance(operation, Elementwise):
        for names in reads_together(operation):
            groups = [getattr(operation, name).base // config.group_words for name in names]
            if len(set(groups)) < len(groups):
                return replace(operation, serial=True)
    return operation


def _with_waits(
    config: AcceleratorConfig, recorded: Sequence[Recorded], operations: Sequence[Operation]
) -> list[Instruction]:
    """Instructions that wait for whatever earlier one of another unit shares a memory group with them."""
    ended = dict.fromkeys(Unit, 0)
    last: dict[tuple[str, int], dict[Unit, int]] = {}
    found = []
    for own, operation in zip(recorded, operations, strict=True):
        after: dict[Unit, int] = {}
        shared = memory_groups(config, operation)
        for group in shared:
            for unit, number in last.get(group, {}).items():
                if unit is not own.unit:
                    after[unit] = max(after.get(unit, 0), number)
        ended[own.unit] += 1
        for group in shared:
            last.setdefault(group, {})[own.unit] = ended[own.unit]
        found.append(Instruction(operation, dict(sorted(after.items())), own.phase, own.name))
    return found


def memory_groups(config: AcceleratorConfig, operation: Operation) -> set[tuple[str, int]]:
    """Groups of the scratchpad and of the real memory that an operation touches."""
    tensors: set[int] = set()
    reals: set[int] = set()
    if isinstance(operation, Gemm):
        tensors |= {*operation.a.groups(config), *operation.b.groups(config)}
        if isinstance(operation.result, RealResult):
            reals.add(operation.result.base // config.real_group_words)
            if operation.result.addend is not None:
                reals.add(operation.result.addend // config.real_group_words)
        else:
            tensors |= {*operation.result.groups(config)}
    elif isinstance(operation, Elementwise):
        for walk in (operation.a, operation.b, operation.c, operation.d, operation.result):
            tensors |= {walk.base // config.group_words} if walk else set()
    elif isinstance(operation, Encode):
        reals.add(operation.source.base // config.real_group_words)
        tensors |= {*operation.result.groups(config)}
    elif isinstance(operation, Decode):
        reals.add(operation.base // config.real_group_words)
        tensors |= {*operation.source.groups(config)}
    elif isinstance(operation, Vector):
        reals |= {word // config.real_group_words for word in (operation.a, operation.b, operation.result)}
    elif isinstance(operation, Update):
        reals |= set(range(REAL_GROUPS))
    else:
        if operation.direction is Direction.LOAD_TENSOR:
            last = operation.local + operation.beats - 1
            tensors |= set(range(operation.local // config.group_words, last // config.group_words + 1))
        else:
            reals.add(operation.local // config.real_group_words)
    return {("scratchpad", group) for group in tensors} | {("real", group) for group in reals}
