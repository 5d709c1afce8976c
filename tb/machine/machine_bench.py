"""Testbench of the machine: the driver, the registers' port, and the memory's port with stalls and errors.

``PINTA_PRESET`` is the accelerator; the driver's calls are those for a board.
"""

import os
import random
from itertools import chain

import cocotb
import numpy as np
from cocotb.task import bridge
from cocotb.triggers import Timer, with_timeout
from cocotbext.axi import AxiBus, AxiLiteBus, AxiLiteMaster, AxiResp, AxiSlave, MemoryRegion

from pinta.host.driver import Counters, Host, MachineError
from pinta_hw.spec.control_timing import section_cycles
from pinta_hw.spec.faults import ErrorKind
from pinta_hw.spec.isa.fields import pack
from pinta_hw.spec.isa.instruction import WAIT_BITS, Instruction, Program, Unit, stream_fields, stream_word
from pinta_hw.spec.isa.transfer import Direction, Transfer
from pinta_hw.spec.operation_timing import operation_cycles
from pinta_hw.spec.presets import load_config
from pinta_hw.spec.registers import IDENTITY, REGISTER, REGISTERS, Access
from tb.machine.programs import (
    FINAL,
    HARNESS_BYTES,
    INPUTS,
    MATRIX_BYTES,
    MEMORY_BYTES,
    OUTPUTS,
    every_unit,
    golden_memory,
    image,
)
from tb.machine.transport import PERIOD_PS, SimulatedTransport, prepare

CONFIG = load_config(os.environ["PINTA_PRESET"])
LIMIT_CYCLES = 400_000
STEPS = 3


async def blocking(function, *arguments):
    """A call of the driver; a watchdog over all that it does."""
    return await with_timeout(bridge(function)(*arguments), LIMIT_CYCLES * PERIOD_PS, "ps")


async def host_of(dut) -> Host:
    return await blocking(Host, SimulatedTransport(dut), CONFIG)


def seeded() -> np.random.Generator:
    return np.random.default_rng(cocotb.RANDOM_SEED)


async def run_and_check(host: Host, rng: np.random.Generator, program: Program) -> Counters:
    """A run from one start to the interrupt; afterwards every byte of the memory is the golden machine's."""
    before = image(CONFIG, rng, STEPS)
    await blocking(host.write_memory, 0, before)
    counters = await blocking(host.run, program)
    compare(await blocking(host.read_memory, 0, MEMORY_BYTES), golden_memory(CONFIG, program, before))
    return counters


def compare(received: bytes, expected: bytes) -> None:
    wrong = [
        place for place in range(0, len(expected), 4) if received[place : place + 4] != expected[place : place + 4]
    ]
    if wrong:
        first = wrong[0]
        found, wanted = (np.frombuffer(memory[first : first + 4], np.float32)[0] for memory in (received, expected))
        raise AssertionError(f"{len(wrong)} words differ; at {first:#x}: RTL {found}, golden {wanted}")


def compare_unfinished(received: bytes, before: bytes, finished: bytes) -> None:
    """What a program that stopped early has written is what it would have written anyway."""
    found, old, new = (np.frombuffer(memory, np.uint32) for memory in (received, before, finished))
    wrong = np.flatnonzero((found != old) & (found != new))
    assert not wrong.size, f"{wrong.size} words are neither old nor right; the first at {4 * wrong[0]:#x}"


async def stays(host: Host, program: Program, error: MachineError) -> None:
    """An error stands: time does not heal it, and nothing starts."""
    kinds = {kind.name.lower(): int(kind in error.kinds) for kind in ErrorKind}
    assert (await blocking(host.read, "status"))["busy"] == 0
    await Timer(1000 * PERIOD_PS, "ps")
    for _ in range(2):
        assert await blocking(host.read, "errors") == kinds
    again = await failure(host.run, program)
    assert again.kinds == (*error.kinds, ErrorKind.START_REFUSED)
    assert (again.unit, again.position, again.section, again.step, again.address) == (
        error.unit,
        error.position,
        error.section,
        error.step,
        error.address,
    )


def predicted(program: Program, latency: int) -> tuple[int, dict[Unit, int]]:
    """Cycles of the program, and of each unit's instructions."""
    cycles, busy = 0, dict.fromkeys(Unit, 0)
    runs = [(program.prologue, 0), *((program.body, step) for step in range(program.steps)), (program.epilogue, 0)]
    for section, step in runs:
        durations = [operation_cycles(CONFIG, instruction.operation, latency, step) for instruction in section]
        cycles += section_cycles(section, durations)
        for instruction, duration in zip(section, durations, strict=True):
            busy[instruction.unit] += duration
    return cycles, busy


@cocotb.test()
@cocotb.parametrize(latency=[1, 40, 600])
async def every_cycle_is_predicted(dut, latency):
    """All units, over steps: results and cycles, of the whole and of every unit; then again without a reset."""
    await prepare(dut, latency)
    host, rng = await host_of(dut), seeded()
    for steps in (STEPS, 1, 0):
        program = every_unit(CONFIG, steps)
        counters = await run_and_check(host, rng, program)
        cycles, busy = predicted(program, latency)
        assert dict(counters.busy_cycles) == busy
        assert counters.cycles == cycles
        for unit in Unit:
            once = sum(i.unit == unit for i in chain(program.prologue, program.epilogue))
            assert counters.ended_instructions[unit] == once + steps * sum(i.unit == unit for i in program.body)


class FaultyMemory(MemoryRegion):
    """A memory, part of which answers by an error."""

    bad = range(0)

    async def _read(self, address, length, **kwargs):
        if address in self.bad:
            raise ValueError("bad address")
        return await super()._read(address, length, **kwargs)

    async def _write(self, address, data, **kwargs):
        if address in self.bad:
            raise ValueError("bad address")
        await super()._write(address, data, **kwargs)


def stalls(rng: random.Random, probability: float):
    while True:
        yield rng.random() < probability


async def outside_memory(dut, probability: float) -> FaultyMemory:
    """cocotbext-axi's memory instead of the harness's own, with pauses on every channel."""
    dut.outside.value = 1
    memory = FaultyMemory(MEMORY_BYTES)
    slave = AxiSlave(AxiBus.from_prefix(dut, "x_axi"), dut.clk, dut.rst, target=memory)
    rng = random.Random(cocotb.RANDOM_SEED)
    for side, channels in ((slave.write_if, ("aw", "w", "b")), (slave.read_if, ("ar", "r"))):
        for name in channels:
            getattr(side, f"{name}_channel").set_pause_generator(stalls(rng, probability))
    return memory


@cocotb.test()
@cocotb.parametrize(probability=[0.0, 0.3, 0.8])
async def a_memory_that_stalls_changes_no_result(dut, probability):
    await prepare(dut, free=False)
    memory = await outside_memory(dut, probability)
    host, program = await host_of(dut), every_unit(CONFIG, STEPS)
    before = image(CONFIG, seeded(), STEPS)
    memory.mem[:] = before
    await blocking(host.run, program)
    compare(bytes(memory.mem), golden_memory(CONFIG, program, before))


async def failure(call, *arguments) -> MachineError:
    try:
        await blocking(call, *arguments)
    except MachineError as error:
        cocotb.log.info("%s", error)
        return error
    raise AssertionError("no error was reported")


@cocotb.test()
async def a_memory_error_in_mid_step_is_reported(dut):
    """Reading and writing; the place and the address are told, and the machine works on after a clear."""
    await prepare(dut, free=False)
    memory = await outside_memory(dut, 0.2)
    host, program = await host_of(dut), every_unit(CONFIG, STEPS)
    before = image(CONFIG, seeded(), STEPS)
    finished = golden_memory(CONFIG, program, before)
    for bad, position, section, step in (
        (INPUTS + MATRIX_BYTES + 48, 4, 1, 1),
        (OUTPUTS + MATRIX_BYTES, 5, 1, 1),
        (FINAL, 7, 2, STEPS),
    ):
        memory.mem[:] = before
        memory.bad = range(bad, bad + 16)
        error = await failure(host.run, program)
        assert error.kinds == (ErrorKind.MEMORY,)
        assert (error.unit, error.position, error.section, error.step) == (Unit.TRANSFER, position, section, step)
        assert error.address == bad
        await stays(host, program, error)
        compare_unfinished(bytes(memory.mem), before, finished)
        if section == 1:
            assert bytes(memory.mem[FINAL : FINAL + MATRIX_BYTES]) == before[FINAL : FINAL + MATRIX_BYTES]
        await blocking(host.clear)
    memory.bad = range(0)
    memory.mem[:] = before
    await blocking(host.run, program)
    compare(bytes(memory.mem), finished)


@cocotb.test()
async def the_host_cannot_disturb_a_running_program(dut):
    """Start and writes while busy are refused, reported, and change nothing."""
    await prepare(dut, latency=200)
    host, program = await host_of(dut), every_unit(CONFIG, STEPS)
    before = image(CONFIG, seeded(), STEPS)
    await blocking(host.write_memory, 0, before)
    await blocking(host.load, program)
    await blocking(host.start)

    def disturb():
        host.write("control", start=1)
        host.write("steps", value=7)
        host.write("body_length", Unit.GEMM, value=0)
        host.write("memory_base_low", value=4096)
        for unit in Unit:
            host.write_instruction(unit, 0, 0)

    await blocking(disturb)
    assert (await blocking(host.read, "status"))["busy"], "the program ended before it was disturbed"
    error = await failure(host.finish)
    assert error.kinds == (ErrorKind.START_REFUSED, ErrorKind.WRITE_REFUSED)
    compare(await blocking(host.read_memory, 0, MEMORY_BYTES), golden_memory(CONFIG, program, before))
    error = await failure(host.run, program)  # an error stands
    assert ErrorKind.START_REFUSED in error.kinds
    await blocking(host.clear)
    await run_and_check(host, seeded(), program)


@cocotb.test()
async def wrong_programs_are_refused(dut):
    """Illegal fields, addresses outside, deadlocks: an error each, and no hang."""
    await prepare(dut)
    host = await host_of(dut)

    def transfer(**changes) -> Instruction:
        fields = {"direction": Direction.LOAD_REAL, "memory": 0, "step_stride": 0, "local": 0, "beats": 1} | changes
        return Instruction(Transfer(**fields), name="wrong", phase="forward")

    after_itself = Instruction(transfer().operation, {Unit.TRANSFER: 1})
    for kind, instruction in (
        (ErrorKind.ILLEGAL_INSTRUCTION, transfer(beats=0)),
        (ErrorKind.BAD_ADDRESS, transfer(memory=8)),
        (ErrorKind.BAD_ADDRESS, transfer(local=2)),
        (ErrorKind.BAD_ADDRESS, transfer(local=CONFIG.real_memory_words - 4, beats=2)),
        (ErrorKind.MEMORY, transfer(memory=HARNESS_BYTES)),
        (ErrorKind.DEADLOCK, after_itself),
    ):
        error = await failure(host.run, Program([], [instruction], [], 2))
        assert error.kinds == (kind,)
        assert (error.unit, error.position, error.section, error.step) == (Unit.TRANSFER, 0, 1, 0)
        assert ("wrong" in str(error)) == (kind is not ErrorKind.DEADLOCK)
        await stays(host, every_unit(CONFIG, 1), error)
        await blocking(host.clear)

    await blocking(host.load, Program([], [transfer()], [], 1))
    word = stream_word(CONFIG, transfer()) | 3 << (WAIT_BITS * len(Unit))  # a direction that does not exist
    await blocking(host.write_instruction, Unit.TRANSFER, 0, word)
    await blocking(host.start)
    assert (await failure(host.finish)).kinds == (ErrorKind.ILLEGAL_INSTRUCTION,)
    await blocking(host.clear)
    await run_and_check(host, seeded(), every_unit(CONFIG, STEPS))


@cocotb.test()
async def a_product_that_leaves_its_group_is_reported(dut):
    """In mid-step: rows in the next group of the scratchpad than the one that the instruction begins in."""
    await prepare(dut)
    host, program = await host_of(dut), every_unit(CONFIG, STEPS)
    before = image(CONFIG, seeded(), STEPS)
    await blocking(host.write_memory, 0, before)
    await blocking(host.load, program)
    fields, values = stream_fields(CONFIG, Unit.GEMM), {}
    word = stream_word(CONFIG, next(one for one in program.body if one.unit == Unit.GEMM))
    for name, width in fields.items():
        values[name] = word & ((1 << width) - 1)
        word >>= width
    wild = pack(fields, values | {"b_base": 2 * CONFIG.group_words - 1})
    await blocking(host.write_instruction, Unit.GEMM, 0, wild)
    await blocking(host.start)
    error = await failure(host.finish)
    assert (error.kinds, error.unit, error.section, error.step) == ((ErrorKind.BAD_ADDRESS,), None, 1, 0)
    compare_unfinished(
        await blocking(host.read_memory, 0, MEMORY_BYTES), before, golden_memory(CONFIG, program, before)
    )
    await stays(host, program, error)
    await blocking(host.clear)
    await run_and_check(host, seeded(), program)


@cocotb.test()
async def a_reset_in_mid_step_leaves_a_machine_that_works(dut):
    """Resets at random moments, also between a burst and its data; then whole programs."""
    rng = random.Random(cocotb.RANDOM_SEED)
    await prepare(dut, latency=150)
    host, program = await host_of(dut), every_unit(CONFIG, STEPS)
    cycles, _ = predicted(program, 150)
    before = image(CONFIG, seeded(), STEPS)
    finished = golden_memory(CONFIG, program, before)
    await blocking(host.write_memory, 0, before)
    await blocking(host.load, program)
    for _ in range(12):
        await blocking(host.start)
        await Timer(rng.randrange(cycles) * PERIOD_PS, "ps")
        await blocking(host.reset)
        assert (await blocking(host.read, "errors")) == {kind.name.lower(): 0 for kind in ErrorKind}
        compare_unfinished(await blocking(host.read_memory, 0, MEMORY_BYTES), before, finished)
    counters = await run_and_check(host, seeded(), program)
    assert counters.cycles == cycles


@cocotb.test()
async def a_memory_that_never_answers_is_noticed(dut):
    """The watchdog reports it; a reset waits until the memory has answered."""
    await prepare(dut)
    host, program = await host_of(dut), every_unit(CONFIG, 1)
    dut.outside.value = 1  # nobody is there
    await blocking(host.load, program)
    await blocking(lambda: host.write("watchdog", value=2000))
    await blocking(host.start)
    error = await failure(host.finish)
    assert (error.kinds, error.unit, error.position) == ((ErrorKind.WATCHDOG,), Unit.TRANSFER, 0)
    await blocking(lambda: host.write("control", reset=1))
    assert (await blocking(host.read, "status"))["resetting"]
    dut.outside.value = 0
    await blocking(host.reset)
    await blocking(lambda: host.write("watchdog", value=0))
    await run_and_check(host, seeded(), every_unit(CONFIG, STEPS))


@cocotb.test()
async def the_interrupt_follows_its_enables(dut):
    await prepare(dut)
    host = await host_of(dut)
    empty, broken = Program([], [], [], 0), Program([], [Instruction(Transfer(Direction.LOAD_REAL, 8, 0, 0, 1))], [], 1)

    def case(program: Program, done: int, error: int) -> tuple[int, int]:
        host.clear()
        host.load(program)
        host.write("interrupt_enable", done=done, error=error)
        host.write("control", start=1)
        while not host.read("status")["idle"]:
            pass
        line = int(dut.irq.value)
        status = host.read("interrupt_status")
        host.write("interrupt_status", **status)
        assert int(dut.irq.value) == 0
        assert host.read("interrupt_status") == {"done": 0, "error": 0}
        return line, status["done"] + 2 * status["error"]

    for done, error in ((0, 0), (1, 0), (0, 1), (1, 1)):
        assert await blocking(case, empty, done, error) == (done, 1)
        assert await blocking(case, broken, done, error) == (error, 2)


@cocotb.test()
@cocotb.parametrize(probability=[0.0, 0.6])
async def the_registers_answer_as_described(dut, probability):
    """Every address of the map and around it, by whole and partial writes, with pauses on every channel."""
    await prepare(dut, free=False)
    rng = random.Random(cocotb.RANDOM_SEED)
    master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
    for side, channels in ((master.write_if, ("aw", "w", "b")), (master.read_if, ("ar", "r"))):
        for name in channels:
            getattr(side, f"{name}_channel").set_pause_generator(stalls(rng, probability))
    held, known = {}, {}
    for register in REGISTERS:
        bits = sum(field.bits for field in register.fields)
        for index in range(register.count):
            known[register.address(index)] = register
            if register.access is Access.SETTING:
                held[register.address(index)] = rng.getrandbits(32) & ((1 << bits) - 1)
    for address, value in rng.sample(list(held.items()), len(held)):
        assert (await master.write(address, value.to_bytes(4, "little"))).resp == AxiResp.OKAY
    some = rng.sample(range(0, 4096, 4), 60) + list(known)
    for address in rng.sample(some, len(some)):
        answer = await master.read(address, 4)
        register, value = known.get(address), int.from_bytes(answer.data, "little")
        if register is None:
            assert answer.resp == AxiResp.SLVERR
            assert (await master.write(address, bytes(4))).resp == AxiResp.SLVERR
            continue
        assert answer.resp == AxiResp.OKAY
        if register.access is Access.SETTING:
            assert value == held[address], register.name
        elif register.access in (Access.WINDOW, Access.COMMAND):
            assert value == 0, register.name
        else:
            assert (await master.write(address, b"\xff" * 4)).resp == AxiResp.OKAY
            assert int.from_bytes((await master.read(address, 4)).data, "little") == value, register.name
    address = REGISTER["steps"].address()
    assert (await master.write(address + 1, b"\xff")).resp == AxiResp.SLVERR
    assert int.from_bytes((await master.read(address, 4)).data, "little") == held[address]
    assert int.from_bytes((await master.read(0, 4)).data, "little") == IDENTITY
