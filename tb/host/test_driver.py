"""The driver and its mapped files, against registers that only remember."""

import mmap
import os
from dataclasses import replace

import pytest

from pinta.host.driver import Host, MachineError
from pinta.host.mapped import MappedTransport
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.faults import ErrorKind
from pinta_hw.spec.identity import configuration_sha256
from pinta_hw.spec.isa.instruction import Instruction, Program, Unit, stream_word
from pinta_hw.spec.isa.transfer import Direction, Transfer
from pinta_hw.spec.presets import load_config
from pinta_hw.spec.registers import IDENTITY, MAP_VERSION, REGISTER, pack_fields

CONFIG = load_config("tiny")


class Registers:
    """Remembers what was written, and puts instructions together as the machine does."""

    memory_base = 0x12_3456_7890

    def __init__(self):
        self.words = {}
        self.stores = {}
        self.writes = 0
        self.set("identity", value=IDENTITY)
        self.set("version", value=MAP_VERSION)
        self.set("configuration", value=int(configuration_sha256(CONFIG)[:8], 16))
        self.set("status", idle=1)

    def set(self, name: str, index: int = 0, **fields: int) -> None:
        self.words[REGISTER[name].address(index)] = pack_fields(REGISTER[name], fields)

    def read_register(self, address: int) -> int:
        return self.words.get(address, 0)

    def write_register(self, address: int, value: int) -> None:
        self.writes += 1
        self.words[address] = value
        if address == REGISTER["program_write"].address():
            window = REGISTER["program_data"]
            word = sum(self.words.get(window.address(n), 0) << (32 * n) for n in range(window.count))
            self.stores[Unit(value >> 16), value & 0xFFFF] = word


def transfers(count: int) -> list[Instruction]:
    return [
        Instruction(Transfer(Direction.LOAD_REAL, 16 * n, 32, 4 * n, 1), {Unit.GEMM: n}, "forward", f"load {n}")
        for n in range(count)
    ]


def test_a_program_arrives_in_the_stores():
    registers = Registers()
    program = Program(transfers(2), transfers(5), transfers(1), steps=9)
    Host(registers, CONFIG).load(program)
    expected = [stream_word(CONFIG, instruction) for section in program.sections for instruction in section]
    width = (1 << 191) - 1
    assert [registers.stores[Unit.TRANSFER, n] & width for n in range(8)] == expected
    assert len(registers.stores) == 8
    for name, count in (("prologue", 2), ("body", 5), ("epilogue", 1)):
        assert registers.read_register(REGISTER[f"{name}_length"].address(Unit.TRANSFER)) == count
        assert registers.read_register(REGISTER[f"{name}_length"].address(Unit.GEMM)) == 0
    assert registers.read_register(REGISTER["steps"].address()) == 9
    assert registers.read_register(REGISTER["memory_base_low"].address()) == 0x3456_7890
    assert registers.read_register(REGISTER["memory_base_high"].address()) == 0x12


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (Program([], transfers(17), [], 1), "program_depth: 17 transfer instructions; allowed: 16"),
        (Program([], [], [], 1 << 24), "steps: 16777216 is not possible; allowed: 0 to 16777215"),
    ],
)
def test_a_program_that_does_not_fit_is_refused(program, message):
    registers = Registers()
    host = Host(registers, CONFIG)
    with pytest.raises(UserError, match=message):
        host.load(program)
    assert registers.writes == 0


@pytest.mark.parametrize("name", ["identity", "version", "configuration"])
def test_another_machine_is_refused(name):
    registers = Registers()
    registers.set(name, value=2)
    with pytest.raises(UserError, match=f"{name}: the machine answers 0x00000002; allowed"):
        Host(registers, CONFIG)
    with pytest.raises(UserError, match="configuration"):
        Host(Registers(), replace(CONFIG, words=512))


def test_an_error_names_the_instruction():
    registers = Registers()
    host = Host(registers, CONFIG)
    host.load(Program(transfers(1), transfers(3), [], 4))
    registers.set("status", idle=1, error=1)
    registers.set("errors", memory=1)
    registers.set("error_place", unit=Unit.TRANSFER, section=1, position=3)
    registers.set("error_step", value=2)
    registers.set("error_address_low", value=0x10)
    registers.set("error_address_high", value=0x2)
    with pytest.raises(MachineError) as raised:
        host.finish()
    assert str(raised.value) == (
        "memory: The AXI memory answered with an error. First at transfer instruction 3 (load 2, forward), body, "
        "step 2, address 0x200000010."
    )
    assert raised.value.kinds == (ErrorKind.MEMORY,)


def test_counters_are_wide():
    registers = Registers()
    registers.set("cycles_low", value=5)
    registers.set("cycles_high", value=3)
    registers.set("busy_cycles_high", Unit.UPDATE, value=1)
    registers.set("ended_instructions", Unit.GEMM, value=7)
    counters = Host(registers, CONFIG).counters()
    assert counters.cycles == 3 << 32 | 5
    assert counters.busy_cycles[Unit.UPDATE] == 1 << 32
    assert counters.ended_instructions[Unit.GEMM] == 7


def test_a_program_that_does_not_end_is_a_timeout():
    class Busy(Registers):
        def wait(self):
            pass

    registers = Busy()
    registers.set("status", busy=1)
    with pytest.raises(TimeoutError, match="still runs after 0.05 s"):
        Host(registers, CONFIG).finish(timeout_s=0.05)


def test_mapped_files(tmp_path):
    """Registers and memory lie where the offsets say, in the byte order of the machine."""
    page = mmap.PAGESIZE
    registers, memory = tmp_path / "registers", tmp_path / "memory"
    registers.write_bytes(bytes(2 * page))
    memory.write_bytes(bytes(3 * page))
    with MappedTransport(
        registers, memory, page, 0x7000_0000, registers_offset=page, memory_offset=2 * page
    ) as transport:
        transport.write_register(0x38, 0x1234_5678)
        assert transport.read_register(0x38) == 0x1234_5678
        transport.write_memory(32, b"beats")
        assert transport.read_memory(30, 9) == b"\0\0beats\0\0"
        transport.wait()
        assert transport.memory_base == 0x7000_0000
    assert registers.read_bytes()[page + 0x38 : page + 0x3C] == bytes.fromhex("78563412")
    assert memory.read_bytes()[2 * page + 32 :][:5] == b"beats"


def test_a_uio_interrupt_is_enabled_and_awaited(tmp_path):
    """A file stands for the device: one word in, to enable, and one out, when it came."""
    registers, memory = tmp_path / "registers", tmp_path / "memory"
    registers.write_bytes(bytes(4096) + (1).to_bytes(4, "little"))
    memory.write_bytes(bytes(mmap.PAGESIZE))
    with MappedTransport(registers, memory, mmap.PAGESIZE, 0, interrupts=True) as transport:
        transport.wait()
        assert transport.read_register(0) == 1
    assert os.path.getsize(registers) == 4100
