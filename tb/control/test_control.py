"""The control against its timing: every start, every section, every error."""

import random
from dataclasses import dataclass, field, replace

import pytest
from amaranth.hdl import Value
from amaranth.sim import Simulator

from pinta_hw.control.control import Control
from pinta_hw.control.stream import POSITION_BITS
from pinta_hw.spec.control_timing import STEP_BITS, section_cycles, section_spans
from pinta_hw.spec.faults import NO_UNIT, ErrorKind
from pinta_hw.spec.isa.fields import pack
from pinta_hw.spec.isa.instruction import Instruction, Program, Unit, stream_fields, stream_word
from pinta_hw.spec.isa.limits import is_legal, limits
from pinta_hw.spec.isa.transfer import MEMORY_ADDRESS_BITS
from pinta_hw.spec.presets import load_config
from tb.control.programs import WAITS_BITS, operation_bits, random_operation, random_section

CONFIG = replace(load_config("tiny"), program_depth=32)
LIMIT = 4000
PLACE = {"unit": 3, "position": POSITION_BITS, "section": 2, "step": STEP_BITS, "address": MEMORY_ADDRESS_BITS}


@dataclass
class Observed:
    """What the control did in one run."""

    starts: list[tuple[int, Unit, int, int, int]] = field(default_factory=list)
    """Cycle of the start, counted from the program's first; unit; operation; section; step."""
    cycles: int = 0
    ended: bool = False
    errors: int = 0
    place: dict[str, int] = field(default_factory=dict)
    busy_cycles: list[int] = field(default_factory=list)
    ended_instructions: list[int] = field(default_factory=list)


class Bench:
    """Drives the control in the Amaranth simulator; units are counters of cycles."""

    def __init__(self, durations):
        self.dut = Control(CONFIG)
        self.durations = durations
        """Cycles of an operation, given unit and operation; None hangs."""
        self.simulator = Simulator(self.dut)
        self.simulator.add_clock(1e-9)
        self.observed = Observed()
        self._busy_since = None
        for unit in Unit:
            self.simulator.add_process(self._unit(unit))

    def _unit(self, unit: Unit):
        port = getattr(self.dut, unit.name.lower())

        async def process(ctx):
            left, held, cycle = 0, None, 0
            samples = ctx.tick().sample(
                port.start, Value.cast(port.operation), self.dut.busy, Value.cast(self.dut.section), self.dut.step
            )
            async for _, _, start, operation, busy, section, step in samples:
                cycle = cycle + 1 if busy else 0
                if left:
                    assert not start, f"{unit.name} starts again while it runs"
                    assert operation == held, f"{unit.name}: the operation changes"
                    left -= 1
                if start:
                    self.observed.starts.append((cycle - 1, unit, operation, section, step))
                    duration = self.durations(unit, operation)
                    left, held = (duration - 1 if duration else LIMIT), operation
                ctx.set(port.done, left == 1)

        return process

    async def load(self, ctx, program: Program, words: dict[tuple[Unit, int], int] | None = None) -> None:
        dut = self.dut
        position = dict.fromkeys(Unit, 0)
        names = ("prologue", "body", "epilogue")
        for name, section in zip(names, program.sections, strict=True):
            count = dict.fromkeys(Unit, 0)
            for instruction in section:
                unit = instruction.unit
                word = (words or {}).get((unit, position[unit]), stream_word(CONFIG, instruction))
                ctx.set(dut.program_write.valid, 1)
                ctx.set(dut.program_write.unit, unit)
                ctx.set(dut.program_write.address, position[unit])
                ctx.set(dut.program_write.data, word)
                await ctx.tick()
                position[unit] += 1
                count[unit] += 1
            for unit in Unit:
                ctx.set(getattr(dut, name)[unit], count[unit])
        ctx.set(dut.program_write.valid, 0)
        ctx.set(dut.steps, program.steps)

    async def run(self, ctx, limit: int = LIMIT) -> Observed:
        dut, observed = self.dut, Observed()
        self.observed = observed
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        for _ in range(limit):
            *_, ended, busy = await ctx.tick().sample(dut.ended, dut.busy)
            observed.ended |= bool(ended)
            if not busy:
                break
        else:
            pytest.fail(f"still busy after {limit} cycles")
        await ctx.tick()
        observed.cycles = ctx.get(dut.cycles)
        observed.errors = ctx.get(dut.errors)
        place = ctx.get(Value.cast(dut.first_error))
        for name, width in PLACE.items():
            observed.place[name] = place & ((1 << width) - 1)
            place >>= width
        observed.busy_cycles = [ctx.get(dut.busy_cycles[unit]) for unit in Unit]
        observed.ended_instructions = [ctx.get(dut.ended_instructions[unit]) for unit in Unit]
        return observed

    def simulate(self, testbench) -> None:
        self.simulator.add_testbench(testbench)
        self.simulator.run()


def seeded() -> random.Random:
    seed = random.randrange(1 << 31)
    print(f"seed {seed}")
    return random.Random(seed)


def duration_of(operation: int) -> int:
    """Some number from 2 on."""
    return 2 + operation * 2654435761 % 2**32 % 11


def durations_of(section) -> list[int]:
    return [duration_of(operation_bits(CONFIG, instruction)) for instruction in section]


def expected_starts(program: Program):
    """Starts of a whole program, in the order of their cycles."""
    runs = [(0, 0, program.prologue)] + [(1, step, program.body) for step in range(program.steps)]
    runs.append((2, program.steps, program.epilogue))
    begin, starts = 0, []
    for section, step, instructions in runs:
        durations = durations_of(instructions)
        for instruction, span in zip(instructions, section_spans(instructions, durations), strict=True):
            operation = operation_bits(CONFIG, instruction)
            starts.append((begin + span.start, instruction.unit, operation, section, step))
        begin += section_cycles(instructions, durations)
    return sorted(starts), begin


def only(unit: Unit, *afters: dict[Unit, int]) -> list[Instruction]:
    rng = random.Random(1)
    return [Instruction(random_operation(CONFIG, rng, unit), after) for after in afters]


@pytest.mark.parametrize("lengths", [(20, 30, 10), (0, 40, 0), (3, 0, 3), (0, 0, 0), (12, 1, 0)])
def test_every_start_is_in_the_predicted_cycle(lengths):
    """Random programs, twice each: cycles, operations, sections, steps and counters."""
    rng = seeded()
    program = Program(*(random_section(CONFIG, rng, length) for length in lengths), steps=rng.randint(0, 4))
    starts, cycles = expected_starts(program)
    bench = Bench(lambda unit, operation: duration_of(operation))

    async def testbench(ctx):
        await bench.load(ctx, program)
        for _ in range(2):
            observed = await bench.run(ctx, cycles + 10)
            assert sorted(observed.starts) == starts
            assert (observed.cycles, observed.ended, observed.errors) == (cycles, True, 0)
            for unit in Unit:
                own = [duration_of(operation) for _, other, operation, _, _ in starts if other == unit]
                assert observed.busy_cycles[unit] == sum(own)
                assert observed.ended_instructions[unit] == len(own)

    bench.simulate(testbench)


def run_then_recover(program: Program, durations=None, signal: str | None = None, watchdog: int = 0) -> Observed:
    """The outcome of one run, after which, once errors are cleared, another program must run."""
    bench = Bench(durations or (lambda unit, operation: duration_of(operation)))
    found = []

    async def testbench(ctx):
        await bench.load(ctx, program)
        ctx.set(bench.dut.watchdog, watchdog)
        if signal is not None:
            ctx.set(getattr(bench.dut, signal), 1)
        found.append(await bench.run(ctx))
        if signal is not None:
            ctx.set(getattr(bench.dut, signal), 0)
        ctx.set(bench.dut.watchdog, 0)
        await recover(ctx, bench)

    bench.simulate(testbench)
    return found[0]


async def recover(ctx, bench: Bench) -> None:
    ctx.set(bench.dut.clear, 1)
    await ctx.tick()
    ctx.set(bench.dut.clear, 0)
    await bench.load(ctx, Program([], only(Unit.UPDATE, {}), [], steps=1))
    after = await bench.run(ctx)
    assert (after.ended, after.errors, len(after.starts)) == (True, 0, 1)


def test_a_deadlock_is_noticed():
    body = only(Unit.GEMM, {}, {Unit.TRANSFER: 2}) + only(Unit.TRANSFER, {}, {Unit.GEMM: 2})
    observed = run_then_recover(Program([], body, [], steps=3))
    assert observed.errors == 1 << ErrorKind.DEADLOCK and not observed.ended
    assert observed.place == {"unit": Unit.GEMM, "position": 1, "section": 1, "step": 0, "address": 0}
    assert len(observed.starts) == 2


def test_a_unit_that_hangs_is_noticed():
    """The watchdog reports it at once; the machine waits for the unit until it is reset."""
    body = only(Unit.RESIDUAL, {})
    observed = run_then_recover(Program([], body, [], 1), durations=lambda unit, operation: 100, watchdog=50)
    assert observed.errors == 1 << ErrorKind.WATCHDOG and not observed.ended
    assert observed.place["unit"] == Unit.RESIDUAL
    patient = run_then_recover(Program([], body, [], 1), durations=lambda unit, operation: 100, watchdog=150)
    assert patient.ended and patient.errors == 0


@pytest.mark.parametrize("signal, kind", [("conflict", ErrorKind.CONFLICT), ("outside", ErrorKind.BAD_ADDRESS)])
def test_an_error_of_the_memories_stops_the_machine(signal, kind):
    program = Program(only(Unit.GEMM, *[{}] * 9), [], [], 0)
    observed = run_then_recover(program, signal=signal)
    assert observed.errors == 1 << kind and not observed.ended
    assert observed.place["unit"] == NO_UNIT
    assert len(observed.starts) == 0


def test_the_machine_waits_for_running_units_and_keeps_the_first_error():
    """One unit works on while another one's instruction is refused; a later error does not hide the first."""
    bench = Bench(lambda unit, operation: 100)
    dut = bench.dut

    async def testbench(ctx):
        program = Program(only(Unit.GEMM, {}, {}) + only(Unit.TRANSFER, {}), [], [], 0)
        illegal = stream_word(CONFIG, program.prologue[-1]) | 3 << WAITS_BITS
        await bench.load(ctx, program, {(Unit.TRANSFER, 0): illegal})
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        busy_cycles = 0
        for cycle in range(300):
            ctx.set(dut.conflict, cycle == 50)
            *_, busy = await ctx.tick().sample(dut.busy)
            busy_cycles += busy
        assert 100 < busy_cycles < 115
        assert ctx.get(dut.busy_cycles[Unit.GEMM]) == 100
        assert ctx.get(dut.ended_instructions[Unit.GEMM]) == len(bench.observed.starts) == 1
        assert ctx.get(dut.errors) == 1 << ErrorKind.ILLEGAL_INSTRUCTION | 1 << ErrorKind.CONFLICT
        assert ctx.get(dut.first_error.unit) == Unit.TRANSFER
        await recover(ctx, bench)

    bench.simulate(testbench)


def bad_values(unit: Unit) -> list[tuple[str, int]]:
    """Every field of a unit at each value next to a limit that its width can hold."""
    widths = stream_fields(CONFIG, unit)
    found = []
    for name, limit in limits(CONFIG, unit).items():
        if limit.least:
            found.append((name, limit.least - 1))
        if limit.most is not None and (limit.most + 1).bit_length() <= widths[name]:
            found.append((name, limit.most + 1))
        if limit.multiple > 1:
            found.append((name, limit.multiple // 2))
    return found


def test_fields_outside_their_limits_are_refused():
    """The instruction before runs to its end, the refused one and what follows do not start."""
    bench = Bench(lambda unit, operation: 2)

    async def testbench(ctx):
        for unit in Unit:
            section, fields = only(unit, {}, {}, {}), stream_fields(CONFIG, unit)
            for name, value in bad_values(unit):
                word, values = stream_word(CONFIG, section[1]), {}
                for field_name, width in fields.items():
                    values[field_name] = word & ((1 << width) - 1)
                    word >>= width
                assert is_legal(CONFIG, unit, values)
                values[name] = value
                assert not is_legal(CONFIG, unit, values)
                await bench.load(ctx, Program(section, [], [], 0), {(unit, 1): pack(fields, values)})
                observed = await bench.run(ctx)
                unaligned = limits(CONFIG, unit)[name].multiple > 1
                kind = ErrorKind.BAD_ADDRESS if unaligned else ErrorKind.ILLEGAL_INSTRUCTION
                assert observed.errors == 1 << kind and not observed.ended, (unit, name, value)
                assert observed.place == {"unit": unit, "position": 1, "section": 0, "step": 0, "address": 0}
                assert len(observed.starts) == 1
                await recover(ctx, bench)

    bench.simulate(testbench)


def test_a_section_longer_than_the_store_is_refused():
    bench = Bench(lambda unit, operation: 2)

    async def testbench(ctx):
        await bench.load(ctx, Program(only(Unit.UPDATE, *[{}] * CONFIG.program_depth), [], [], 0))
        ctx.set(bench.dut.prologue[Unit.UPDATE], CONFIG.program_depth + 1)
        observed = await bench.run(ctx)
        assert observed.errors == 1 << ErrorKind.ILLEGAL_INSTRUCTION
        assert observed.place["position"] == CONFIG.program_depth
        assert len(observed.starts) == CONFIG.program_depth

    bench.simulate(testbench)
