"""Cycles and energy of a workload on an FP32 machine.

Output-stationary: a tile of ``rows x columns`` results is summed in place while both operands stream past, one k a
cycle; finished tiles leave through a port while the next ones are summed, so a product lasts as long as its tiles, and
its first operands' way across the array. A product may be transposed. Kernels take results from the accumulators and
run on their lanes beside the array, as fast as lanes and ports allow; transfers run beside both. So a step lasts as
long as the busiest of the three, and the update, which needs the gradients.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from pinta_hw.spec.config import WORD_BITS

from ..area import flip_flops
from ..energy import CLOCK, LEAKAGE, OUTSIDE_MEMORY, standing_pj
from ..energy_table import EnergyTable
from .machine import SHARED, FloatMachine
from .schedule import Schedule, schedules
from .workload import FLOAT_BYTES, Kernel, Product, Workload

_LATENCY = 7
"""Cycles of multiplier and adder behind the last operands."""
_FLOAT_BITS = 32
_READ_PORTS = 2
"""Of the lanes, as the accelerator's elementwise unit has them; they write through one."""
_TABLE_PRODUCTS, _TABLE_SUMS = 2, 2
"""Of a quadratic interpolation."""


@dataclass(frozen=True)
class MachineEstimate:
    """A step on an FP32 machine.

    Parameters
    ----------
    method, machine : str
        What runs on what.
    cycles : int
        Of the step.
    array_cycles, kernel_cycles, outside_cycles, update_cycles : int
        Of its parts; the first three at the same time.
    utilization : float
        Multiply-adds of the products, over processing elements x cycles of the step.
    array_utilization : float
        The same over the cycles of the array alone.
    time_us : float
        At the machine's clock.
    parts_pj : mapping of str to float
        Energy by part (pJ).
    chip_pj, total_pj : float
        Without and with the memory outside (pJ).
    schedule : Schedule
        How the step is cut.
    outside_bytes : int
        That cross the port.
    """

    method: str
    machine: str
    cycles: int
    array_cycles: int
    kernel_cycles: int
    outside_cycles: int
    update_cycles: int
    utilization: float
    array_utilization: float
    time_us: float
    parts_pj: Mapping[str, float]
    chip_pj: float
    total_pj: float
    schedule: Schedule
    outside_bytes: int


@dataclass(frozen=True)
class BestEstimate:
    """A step by its fastest schedule and by those of least energy: no schedule does better in any of the three.

    Parameters
    ----------
    fastest, thriftiest, thriftiest_chip : MachineEstimate
        They may differ: of least time, least energy, and least energy without the memory outside.
    """

    fastest: MachineEstimate
    thriftiest: MachineEstimate
    thriftiest_chip: MachineEstimate

    @property
    def time_us(self) -> float:
        """Least time."""
        return self.fastest.time_us

    @property
    def energy_uj(self) -> float:
        """Least energy, memory outside included."""
        return self.thriftiest.total_pj / 1e6

    @property
    def chip_uj(self) -> float:
        """Least energy without the memory outside."""
        return self.thriftiest_chip.chip_pj / 1e6


def estimates(machine: FloatMachine, table: EnergyTable, workload: Workload) -> list[MachineEstimate]:
    """A step by each schedule that fits the machine's memory."""
    return [_estimate(machine, table, workload, one) for one in schedules(workload, machine.memory_words)]


def estimate(machine: FloatMachine, table: EnergyTable, workload: Workload) -> BestEstimate:
    """The best of all schedules, in time and in energy."""
    found = estimates(machine, table, workload)
    return BestEstimate(
        min(found, key=lambda one: one.time_us),
        min(found, key=lambda one: one.total_pj),
        min(found, key=lambda one: one.chip_pj),
    )


def fastest_cycles(machine: FloatMachine, workload: Workload) -> int:
    """Cycles of a step by its fastest schedule."""
    return min(_cycles(machine, workload, one)[0] for one in schedules(workload, machine.memory_words))


def _cycles(machine: FloatMachine, workload: Workload, schedule: Schedule) -> tuple[int, int, int, int, int]:
    """Of a step; of array, kernels, transfers and update."""
    array = 0
    for product in workload.products:
        pieces = _pieces(workload, schedule, product)
        array += _times(product, schedule) * sum(
            count * _piece(machine, product, length)[0] for length, count in pieces.items()
        )
    lanes, update = _kernels(machine, workload, schedule)
    outside = -(-schedule.outside_words // machine.beat_words)
    update = max(update, -(-schedule.update_words // machine.beat_words))
    return max(array, lanes, outside) + update, array, lanes, outside, update


def _estimate(machine: FloatMachine, table: EnergyTable, workload: Workload, schedule: Schedule) -> MachineEstimate:
    reads = writes = macs = 0
    for product in workload.products:
        times, pieces = _times(product, schedule), _pieces(workload, schedule, product)
        macs += times * product.macs
        reads += times * sum(count * _piece(machine, product, length)[1] for length, count in pieces.items())
        if product.stored:
            # Pieces of a weight's gradient are added to what lies there.
            again = pieces.total() if product.batch == "inner" else 1
            writes += times * again * product.result_words
            reads += times * (again - 1) * product.result_words
    adds = multiplies = divides = roots = functions = 0
    for kernel in workload.kernels:
        times = _times(kernel, schedule)
        functions += times * kernel.functions
        adds += times * (kernel.adds + _TABLE_SUMS * kernel.functions)
        multiplies += times * (kernel.multiplies + _TABLE_PRODUCTS * kernel.functions)
        divides, roots = divides + times * kernel.divides, roots + times * kernel.roots
        reads, writes = reads + times * kernel.reads, writes + times * kernel.writes
    outside_words = schedule.outside_words + schedule.update_words
    # What comes from outside is written to the chip's memory, what leaves is read.
    reads, writes = reads + outside_words // 2, writes + outside_words - outside_words // 2
    cycles, array, lanes, outside, update = _cycles(machine, workload, schedule)
    operations = table.operations
    # An FP32 word takes its share of what a scratchpad word costs on its way.
    share = _FLOAT_BITS / WORD_BITS
    write_pj = table.sram.access_pj(machine.bank_kib, _FLOAT_BITS) + share * operations.scratchpad_word.energy_pj
    read_pj = write_pj + share * operations.fetch.energy_pj
    parts = {
        "array": macs * (operations.real_multiply.energy_pj + operations.real_add.energy_pj),
        "lanes": adds * operations.real_add.energy_pj
        + multiplies * operations.real_multiply.energy_pj
        + divides * operations.real_divide.energy_pj
        + roots * operations.real_square_root.energy_pj,
        "tables": functions * operations.table_read.energy_pj,
        "memory reads": reads * read_pj,
        "memory writes": writes * write_pj,
        "transfer": outside_words / machine.beat_words * operations.beat.energy_pj,
        **_standing_pj(machine, table, cycles),
        OUTSIDE_MEMORY: outside_words * _FLOAT_BITS * table.outside_memory.energy_pj / table.outside_memory.width_bits,
    }
    total = sum(parts.values())
    return MachineEstimate(
        workload.method,
        str(machine),
        cycles,
        array,
        lanes,
        outside,
        update,
        workload.macs / (machine.elements * cycles),
        macs / (machine.elements * array),
        cycles / machine.config.clock_ghz / 1e3,
        parts,
        total - parts[OUTSIDE_MEMORY],
        total,
        schedule,
        FLOAT_BYTES * outside_words,
    )


def _standing_pj(machine: FloatMachine, table: EnergyTable, cycles: int) -> dict[str, float]:
    """Energy of time: leakage of the same area as ours, clock of the parts that both have.

    The clock of array and lanes is taken to stand still where they do, which is to their favour.
    """
    ours = standing_pj(machine.config, table, cycles)
    registers = flip_flops(machine.config)
    clock_pj = table.standing.clock_pj
    clock = cycles * sum(registers[part] * each for part, each in clock_pj.items() if part in SHARED)
    return {CLOCK: clock, LEAKAGE: ours.get(LEAKAGE, 0.0)}


def _times(one: Product | Kernel, schedule: Schedule) -> int:
    """How often it runs: a direction's forward pass twice where it is computed again."""
    return 2 if schedule.handling == "recompute" and one.directional and one.phase == "forward" else 1


def _pieces(workload: Workload, schedule: Schedule, product: Product) -> Counter[int]:
    """How many pieces of which length the batch of a product is cut into."""
    if product.batch == "none":
        return Counter({product.rows: 1})
    points = _cut(workload.points, schedule.points)
    if not product.directional:
        return points
    pieces: Counter[int] = Counter()
    for length, count in points.items():
        for width, times in _cut(workload.directions, schedule.directions).items():
            pieces[length * width] += count * times
    return pieces


def _cut(whole: int, size: int) -> Counter[int]:
    pieces = Counter({size: whole // size})
    if whole % size:
        pieces[whole % size] += 1
    return pieces


def _piece(machine: FloatMachine, product: Product, length: int) -> tuple[int, int]:
    """Cycles and words read of a piece, in the better of both orientations."""
    rows = length if product.batch == "rows" else product.rows
    inner = length if product.batch == "inner" else product.inner
    shape = machine.rows, machine.columns, machine.port_words
    return min(_tiles(*shape, rows, inner, product.columns), _tiles(*shape, product.columns, inner, rows))


@lru_cache(maxsize=65536)
def _tiles(array_rows: int, array_columns: int, port: int, rows: int, inner: int, columns: int) -> tuple[int, int]:
    row_tiles, column_tiles = -(-rows // array_rows), -(-columns // array_columns)
    fill = array_rows + array_columns - 2 + _LATENCY
    # A tile cannot be followed before the one ahead of it has left.
    tile = max(inner, -(-array_rows * array_columns // port))
    return row_tiles * column_tiles * tile + fill, inner * (rows * column_tiles + columns * row_tiles)


def _kernels(machine: FloatMachine, workload: Workload, schedule: Schedule) -> tuple[int, int]:
    """Cycles of the lanes beside the array, and of the update."""
    operations = functions = update = reads = writes = 0
    for kernel in workload.kernels:
        times = _times(kernel, schedule)
        if kernel.phase == "update":
            update += -(-kernel.elements // machine.update_lanes)
        else:
            # A lane multiplies and adds in one cycle.
            operations += times * max(kernel.adds, kernel.multiplies)
            functions += times * kernel.functions
            reads, writes = reads + times * kernel.reads, writes + times * kernel.writes
    cycles = (
        operations / machine.epilogue_lanes,
        functions / machine.function_lanes,
        reads / (_READ_PORTS * machine.port_words),
        writes / machine.port_words,
    )
    return ceil(max(cycles)), update
