"""GEMMs to check, packed into programs that fit the scratchpad."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from golden.smx import SmxMatrix
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.digits import steps
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.isa.gemm import Gemm
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

    @property
    def digit_multiplies(self) -> int:
        """4 x 8 bit products that the elements of the matrices need (padding does not count)."""
        (m, k), n = self.a.shape, self.b.shape[1]
        return m * n * k * len(steps(self.a.bits, self.b.bits))

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
    def operands(self) -> Iterator[TensorLayout]:
        """As they are stored."""
        for own in self.instructions:
            yield own.a.transposed() if own.a_transposed else own.a
            yield own.b.transposed() if own.b_transposed else own.b

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
        placed = None
        if 2 * len(pending) < config.program_depth:  # two operands each are loaded
            placed = _allocate(config, case, free, len(pending))
        if placed is None:
            if pending:
                yield Batch(tuple(pending), tuple(instructions), image)
            pending, instructions, image = [], [], ScratchpadImage(config)
            placed = _allocate(config, case, [0] * config.groups, 0)
            if placed is None:
                raise UserError(f"{case.name}: operands and result do not fit the scratchpad of {config.name}")
        instruction, free = placed
        stored = Batch((case,), (instruction,), image).operands
        for layout, matrix, turned in zip(
            stored, (case.a, case.b), (case.a_transposed, case.b_transposed), strict=True
        ):
            image.store(layout, matrix.T if turned else matrix)
        pending.append(case)
        instructions.append(instruction)
    if pending:
        yield Batch(tuple(pending), tuple(instructions), image)


def _allocate(config: AcceleratorConfig, case: GemmCase, used: list[int], turn: int) -> tuple[Gemm, list[int]] | None:
    """Place a case behind what is already there, its matrices in groups of their own; None if it does not fit.

    ``used`` counts the words taken of every group. Every group takes every role as ``turn`` goes on.
    """
    (m, k), n = case.a.shape, case.b.shape[1]
    shapes = [
        (*((k, m) if case.a_transposed else (m, k)), case.a.bits),
        (*((n, k) if case.b_transposed else (k, n)), case.b.bits),
        (m, n, case.result_bits),
    ]
    for shift in range(config.groups):
        used_now, layouts = list(used), list[TensorLayout]()
        for role, (rows, columns, bits) in enumerate(shapes):
            found = _first_fit(config, used, used_now, turn + shift + role, rows, columns, bits)
            if found is None:
                break
            group, layout = found
            layouts.append(layout)
            used_now[group] = layout.base + layout.words - group * config.group_words
        else:
            a, b, result = layouts
            instruction = Gemm(
                a.transposed() if case.a_transposed else a,
                b.transposed() if case.b_transposed else b,
                result,
                case.chosen_grouping(config),
                case.a_transposed,
                case.b_transposed,
            )
            return instruction, used_now
    return None


def _first_fit(
    config: AcceleratorConfig, used: list[int], used_now: list[int], turn: int, rows: int, columns: int, bits: int
) -> tuple[int, TensorLayout] | None:
    """A group that no other matrix of the case lies in, and the place there."""
    for start in range(config.groups):
        group = (turn + start) % config.groups
        if used_now[group] > used[group] or used[group] >= config.group_words:
            continue
        try:
            layout = place(config, group * config.group_words + used[group], rows, columns, bits)
        except UserError:  # not even into the rest of the scratchpad
            continue
        if layout.base + layout.words <= (group + 1) * config.group_words:
            return group, layout
    return None
