"""GEMMs to check, packed into programs that fit the scratchpad."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from golden.smx import SmxMatrix
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.instruction import Gemm
from pinta_hw.spec.layout import TensorLayout, place
from pinta_hw.spec.timing import GemmShape, best_grouping, gemm_cycles

from .image import ScratchpadImage


@dataclass(frozen=True)
class GemmCase:
    """One product to run.

    ``a`` and ``b`` are the operands as they are multiplied; a transposed one is stored as its transpose
    and turned round on its way to the array.
    """

    name: str
    a: SmxMatrix
    b: SmxMatrix
    result_bits: int
    a_transposed: bool = False
    b_transposed: bool = False
    grouping: int | None = None
    """Index of the array's grouping; by default the fastest one."""

    @property
    def shape(self) -> GemmShape:
        (rows, k), columns = self.a.exponents.shape, self.b.exponents.shape[1]
        return GemmShape(rows, columns, k, self.a.bits, self.b.bits, self.result_bits)

    def chosen_grouping(self, config: AcceleratorConfig) -> int:
        return best_grouping(config, self.shape) if self.grouping is None else self.grouping

    def predicted_cycles(self, config: AcceleratorConfig) -> int:
        return gemm_cycles(config, config.groupings[self.chosen_grouping(config)], self.shape)


@dataclass(frozen=True)
class Batch:
    """One program: its cases, their instructions, and the scratchpad before it runs."""

    cases: tuple[GemmCase, ...]
    instructions: tuple[Gemm, ...]
    image: ScratchpadImage

    @property
    def results(self) -> tuple[TensorLayout, ...]:
        return tuple(instruction.result for instruction in self.instructions)


def batches(config: AcceleratorConfig, cases: Iterable[GemmCase]) -> Iterator[Batch]:
    """Pack cases, in order, into as few programs as fit. Operands and results rotate through the groups.

    Raises
    ------
    UserError
        If a single case does not fit.
    """
    pending: list[GemmCase] = []
    instructions: list[Gemm] = []
    image = ScratchpadImage(config)
    free = [0] * config.groups
    for case in cases:
        try:
            if len(pending) == config.program_depth:
                raise UserError(f"program: {len(pending) + 1} instructions; allowed: {config.program_depth}")
            instruction, free = _allocate(config, case, free, len(pending))
        except UserError:
            if not pending:
                raise
            yield Batch(tuple(pending), tuple(instructions), image)
            pending, instructions, image = [], [], ScratchpadImage(config)
            instruction, free = _allocate(config, case, [0] * config.groups, 0)
        image.store(_stored(instruction.a, case.a_transposed), case.a.T if case.a_transposed else case.a)
        image.store(_stored(instruction.b, case.b_transposed), case.b.T if case.b_transposed else case.b)
        pending.append(case)
        instructions.append(instruction)
    if pending:
        yield Batch(tuple(pending), tuple(instructions), image)


def _stored(layout: TensorLayout, transposed: bool) -> TensorLayout:
    return layout.transposed() if transposed else layout


def _allocate(config: AcceleratorConfig, case: GemmCase, free: list[int], turn: int) -> tuple[Gemm, list[int]]:
    """Place a case behind what is already there; every group takes every role as ``turn`` goes on."""
    free = list(free)

    def take(role: int, rows: int, columns: int, bits: int) -> TensorLayout:
        group = (turn + role) % config.groups
        layout = place(config, group, free[group], rows, columns, bits)
        free[group] += layout.words
        return layout

    (m, k), n = case.a.shape, case.b.shape[1]
    a = take(0, *((k, m) if case.a_transposed else (m, k)), case.a.bits)
    b = take(1, *((n, k) if case.b_transposed else (k, n)), case.b.bits)
    instruction = Gemm(
        a.transposed() if case.a_transposed else a,
        b.transposed() if case.b_transposed else b,
        take(2, m, n, case.result_bits),
        case.chosen_grouping(config),
        case.a_transposed,
        case.b_transposed,
    )
    return instruction, free
