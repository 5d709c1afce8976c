"""Events by hand, and energies that add up."""

from collections import Counter

import pytest

from golden.lowering.compiler import lower
from pinta_hw.spec.activity import MOST, Activity
from pinta_hw.spec.isa.convert import Decode, Encode
from pinta_hw.spec.isa.elementwise import Elementwise, ElementwiseOperation, Walk
from pinta_hw.spec.isa.gemm import Gemm, RealResult
from pinta_hw.spec.isa.instruction import Operation, Program
from pinta_hw.spec.isa.real import Optimizer, Update, Vector, VectorOperation
from pinta_hw.spec.isa.real_memory import RealView
from pinta_hw.spec.isa.transfer import Direction, Transfer
from pinta_hw.spec.layout import TensorLayout, place
from sim.area import LOGIC, area_um2
from sim.energy import OUTSIDE_MEMORY, energy_pj, event_energy_pj, memory_energy_pj, standing_pj
from sim.energy_table import Operation as OperationEnergy
from sim.energy_table import Standing, load_table, table_names
from sim.events import UPPER_BOUND, ZEROS_COUNTED, Event
from sim.operation_events import operation_events
from sim.part_energy import part_energy_pj
from sim.program_energy import STANDING, mean_activity, step_energy
from tb.golden.test_lowering import SMALL, experiment


def tensor(group: int, rows: int, columns: int, bits: int) -> TensorLayout:
    return place(SMALL, group * SMALL.group_words, rows, columns, bits)


def walk(group: int, bits: int) -> Walk:
    return Walk(group * SMALL.group_words, bits, 100, 20, 1, 10)


def product(result: TensorLayout | RealResult) -> Gemm:
    """8 x 16 times 16 x 5 elements in SMX-12 x SMX-8: blocks 2 x 4 times 4 x 2, one tile of 2 x 2, three steps."""
    return Gemm(tensor(0, 8, 16, 12), tensor(1, 16, 5, 8), result)


ARRAY = {
    Event.DIGIT_MULTIPLY: 4 * 4 * 3 * 64,
    Event.LIVE_MULTIPLY: 4 * 4 * 3 * 64,
    Event.DIGIT_ADD: 4 * 4 * 3 * 64,
    Event.ACCUMULATE: 4 * 4 * 16,
    Event.LIVE_ACCUMULATE: 4 * 4 * 16,
    Event.ALIGN: 4 * 4 * 16,
    Event.FETCH: 2 * 4 * 3 + 2 * 4 * 2,
    Event.SCRATCHPAD_READ: 2 * 4 * 3 + 2 * 4 * 2,
}
DOT = Elementwise(
    ElementwiseOperation.DOT2, walk(0, 12), walk(1, 8), 3, 2, 5, True, 3, 3, walk(2, 16), walk(3, 4), walk(4, 8)
)
SUM = Elementwise(ElementwiseOperation.SUM_PARTS, walk(0, 12), walk(1, 8), 3, 2, 5, True, 3, 3, squared=True)
REPEATED = Elementwise(
    ElementwiseOperation.MULTIPLY, walk(0, 8), walk(1, 16), 3, 2, 5, True, 3, 3, walk(2, 16), repeated=True
)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (product(tensor(2, 8, 5, 12)), ARRAY | {Event.QUANTIZE: 64, Event.SCRATCHPAD_WRITE: 4 * 3}),
        (product(RealResult(0, 7, 5, 5)), ARRAY | {Event.ROUND: 7 * 8, Event.REAL_WRITE: 7 * 5}),
        (
            product(RealResult(0, 7, 5, 5, accumulate=True)),
            ARRAY | {Event.ROUND: 56, Event.REAL_ADD: 56, Event.REAL_READ: 35, Event.REAL_WRITE: 35},
        ),
        (
            DOT,
            {
                Event.ELEMENT_MULTIPLY: 2 * 30 * 16,
                Event.ELEMENT_ADD: 30 * 16,
                Event.QUANTIZE: 30 * 16,
                Event.FETCH: 30 * (3 + 4 + 1 + 2),
                Event.SCRATCHPAD_READ: 30 * (3 + 4 + 1 + 2),
                Event.SCRATCHPAD_WRITE: 30 * 2,
            },
        ),
        (
            SUM,
            {
                Event.ELEMENT_MULTIPLY: 30 * 16,
                Event.ACCUMULATE: 30 * 16,
                Event.LIVE_ACCUMULATE: 30 * 16,
                Event.ALIGN: 30 * 16,
                Event.QUANTIZE: 10 * 16,
                Event.FETCH: 30 * 3,
                Event.SCRATCHPAD_READ: 30 * 3,
                Event.SCRATCHPAD_WRITE: 10 * 2,
            },
        ),
        (
            REPEATED,  # five neighbours are three beats of two
            {
                Event.ELEMENT_MULTIPLY: 30 * 16,
                Event.QUANTIZE: 30 * 16,
                Event.FETCH: 30 * 2 + 6 * 3 * 4,
                Event.SCRATCHPAD_READ: 30 * 2 + 6 * 3 * 4,
                Event.SCRATCHPAD_WRITE: 30 * 4,
            },
        ),
        (
            Encode(RealView.matrix(0, 5, 6), tensor(0, 5, 6, 12)),
            {Event.REAL_READ: 30, Event.QUANTIZE: 64, Event.CONVERT: 64, Event.SCRATCHPAD_WRITE: 12},
        ),
        (
            Decode(tensor(0, 6, 1, 16), 6, 0),
            {Event.SCRATCHPAD_READ: 8, Event.ROUND: 8, Event.CONVERT: 8, Event.REAL_WRITE: 6},
        ),
        (
            Vector(VectorOperation.DIVIDE, 0, 32, 64, 6, b_scalar=True),
            {Event.REAL_DIVIDE: 8, Event.VECTOR: 8, Event.REAL_READ: 12, Event.REAL_WRITE: 6},
        ),
        (
            Vector(VectorOperation.SUM, 0, 32, 0, 6),
            {Event.REAL_ADD: 6, Event.VECTOR: 8, Event.REAL_READ: 8, Event.REAL_WRITE: 1},
        ),
        (
            Update(Optimizer.ADAM, 0, 6, 64),
            {
                Event.REAL_MULTIPLY: 6 * 8,
                Event.REAL_ADD: 4 * 8,
                Event.REAL_DIVIDE: 8,
                Event.REAL_SQUARE_ROOT: 8,
                Event.REAL_READ: 8 + 4 * 8,
                Event.REAL_WRITE: 3 * 6,
            },
        ),
        (
            Update(Optimizer.SGD, 0, 6, 64),
            {Event.REAL_MULTIPLY: 8, Event.REAL_ADD: 8, Event.REAL_READ: 8 + 2 * 8, Event.REAL_WRITE: 6},
        ),
        (Transfer(Direction.LOAD_TENSOR, 0, 0, 0, 9), {Event.BEAT: 9, Event.SCRATCHPAD_WRITE: 9}),
        (Transfer(Direction.LOAD_REAL, 0, 0, 0, 9), {Event.BEAT: 9, Event.REAL_WRITE: 36}),
        (Transfer(Direction.STORE_REAL, 0, 0, 0, 9), {Event.BEAT: 9, Event.REAL_READ: 36}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_events(operation: Operation, expected: dict[Event, int]) -> None:
    found = {event: count for event, count in operation_events(SMALL, operation).items() if count}
    assert found == expected | {Event.INSTRUCTION: 1}


UNKNOWN_TO_PUBLISHED = (Event.LIVE_MULTIPLY, Event.LIVE_ACCUMULATE, Event.FETCH, Event.CONVERT, Event.VECTOR)


@pytest.fixture(scope="module")
def program() -> Program:
    return lower(experiment("hjb"), SMALL, 1).program


@pytest.mark.parametrize("name", table_names())
def test_parts_add_up(program: Program, name: str) -> None:
    table = load_table(name)
    energy = step_energy(SMALL, table, program)
    for split in (energy.parts_pj, energy.phases_pj, energy.units_pj):
        assert sum(split.values()) == pytest.approx(energy.total_pj)
    outside = energy.events["beats outside"] * memory_energy_pj(SMALL, table, Event.BEAT)
    assert energy.chip_pj + outside == pytest.approx(energy.total_pj)
    for_time = standing_pj(SMALL, table, energy.cycles)
    assert sum(for_time.values()) == pytest.approx(energy.phases_pj.get(STANDING, 0))
    longer = step_energy(SMALL, table, program, energy.cycles + 100)
    assert longer.total_pj - energy.total_pj == pytest.approx(sum(standing_pj(SMALL, table, 100).values()), abs=1e-3)
    assert sum(energy.elements.values()) > 0
    one_by_one = [energy_pj(SMALL, table, operation_events(SMALL, each.operation)) for each in program.body]
    events_pj = sum(sum(parts.values()) for parts in one_by_one)
    assert events_pj + sum(for_time.values()) == pytest.approx(energy.total_pj)
    by_area = part_energy_pj(SMALL, table, [(each, MOST) for each in program.body], energy.cycles)
    assert sum(by_area.values()) == pytest.approx(energy.total_pj)
    assert by_area.keys() - {OUTSIDE_MEMORY} <= area_um2(SMALL).keys()


def test_zeros_cost_nothing_more(program: Program) -> None:
    table = load_table("asap7")
    live = OperationEnergy(energy_pj=0.1, derivation="made up")
    table = table.model_copy(update={"operations": table.operations.model_copy(update={"live_multiply": live})})
    counts = operation_events(SMALL, product(tensor(2, 8, 5, 12)), Activity(0.5, 0.75))
    assert counts[Event.LIVE_MULTIPLY] == counts[Event.DIGIT_MULTIPLY] / 2 == 4 * 4 * 3 * 32
    assert counts[Event.LIVE_ACCUMULATE] == 4 * 4 * 12 and counts[Event.ACCUMULATE] == 4 * 4 * 16
    shares = [Activity(0.25, 0.5)] * len(program.body)
    bound, counted = step_energy(SMALL, table, program), step_energy(SMALL, table, program, activities=shares)
    saved = bound.parts_pj["multipliers"] - counted.parts_pj["multipliers"]
    multiplies = bound.events[Event.DIGIT_MULTIPLY.value]
    assert saved == pytest.approx(0.75 * multiplies * 0.1)
    assert UPPER_BOUND in bound.assumptions and ZEROS_COUNTED in counted.assumptions
    assert mean_activity(SMALL, program, shares) == pytest.approx(Activity(0.25, 0.5))


def test_every_event_has_an_energy_and_a_smaller_node_needs_no_more() -> None:
    new, old = load_table("published-7nm"), load_table("published-45nm")
    for event in Event:
        assert 0 <= event_energy_pj(SMALL, new, event) <= event_energy_pj(SMALL, old, event), event
        assert event_energy_pj(SMALL, new, event) or event in UNKNOWN_TO_PUBLISHED, event
        assert sum(energy_pj(SMALL, new, Counter({event: 2})).values()) == 2 * event_energy_pj(SMALL, new, event)


def test_a_wider_word_and_a_larger_bank_cost_more() -> None:
    sram = load_table("published-7nm").sram
    assert sram.access_pj(8, 32) == 3.75
    assert sram.access_pj(8, 72) < sram.access_pj(16, 72) < sram.access_pj(32, 72) == 8.5 * 72 / 64


def test_a_beat_is_two_accesses_of_64_bits() -> None:
    assert event_energy_pj(SMALL, load_table("published-7nm"), Event.BEAT) == 2 * 1300


def test_the_measured_table_knows_all_parts_and_where_it_is_from() -> None:
    table = load_table("asap7")
    assert table.provenance.keys() >= {"cell library", "tools", "gateware", "activity", "command"}
    assert table.standing.clock_pj.keys() == set(LOGIC) and table.standing.leakage_nw_per_um2 > 0
    zero = {name for name in type(table.operations).model_fields if not getattr(table.operations, name).energy_pj}
    assert zero == {"digit_add", "align"}


def test_an_unknown_part_is_told() -> None:
    with pytest.raises(ValueError, match="parts among array, .*, not 'arrays'"):
        Standing(clock_pj={"arrays": 1.0}, leakage_nw_per_um2=0.0, derivation="none")
