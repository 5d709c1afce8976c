"""Energy of a netlist cycle by cycle, from a recorded run."""

from pathlib import Path

import numpy as np
import pytest

from pinta_hw.spec.errors import UserError
from rtl_gen.synthesis.activity import Netlist
from rtl_gen.synthesis.corner import corner_of
from rtl_gen.synthesis.energy_by_cycle import energy_by_cycle
from rtl_gen.synthesis.flow import synthesize
from rtl_gen.synthesis.least_squares import not_negative
from rtl_gen.synthesis.liberty import opened
from rtl_gen.synthesis.sram import SramBank, sram_banks
from tb.pinta.test_program import pinta
from tb.power.check import PartCheck, PowerCheck
from tb.power.measurement import _read, _write
from tb.power.recording import Recording, Signal
from tb.synthesis.test_synthesis import DESIGN, MINIMAL, needs_sta, needs_yosys

GATED = """\
module gated(input clk, input enable, output reg value);
  reg held;
  always @(negedge clk) held <= enable;
  wire pulses = clk & held;
  always @(posedge pulses) value <= !value;
endmodule
"""
SRAM = """\
library (srambank_64x4x16_6t122) {
  cell (srambank_64x4x16_6t122) {
    area : 249.14304;
    cell_leakage_power : 0;
    pin (clk) {
      internal_power () {
        when : "write";
        related_pg_pin : VDD;
        rise_power (t) {
          values ( "9, 9" );
        }
      }
      internal_power () {
        when : "!write";
        related_pg_pin : VDD;
        rise_power (t) {
          values ( \\
            "1.5, 1.5" \\
          );
        }
        fall_power (t) {
          values ( "0.5, 0.5" );
        }
      }
    }
  }
}
"""


@pytest.fixture
def counter(tmp_path: Path) -> Path:
    source = tmp_path / "counter.v"
    source.write_text(DESIGN)
    synthesize(source, "counter", MINIMAL, work=tmp_path / "work")
    for own in (tmp_path / "work").glob("*.lib"):
        own.unlink()
    return tmp_path / "work"


def counted(enables: list[int]) -> list[tuple[str, int, int]]:
    """The counter's input and register in each cycle, a bit a cycle."""
    values = [0]
    for enable in enables[:-1]:
        values.append((values[-1] + enable) % 16)
    bits = [("enable", 0, sum(enable << cycle for cycle, enable in enumerate(enables)))]
    for bit in range(4):
        bits.append(("value", bit, sum((value >> bit & 1) << cycle for cycle, value in enumerate(values))))
    return bits


@needs_yosys
def test_a_recorded_run_is_checked_register_by_register(counter: Path) -> None:
    enables = [1, 1, 0, 1, 1, 1, 0, 0, 1, 1]
    known = {(name, bit): value for name, bit, value in counted(enables)}
    with opened(MINIMAL) as library:
        netlist = Netlist(counter / "netlist.v", library, len(enables))
        enable = {netlist.inputs["enable"]: known["enable", 0]}
        bit_of = {flop.instance: netlist_bit for netlist_bit, flop in enumerate(netlist.flops)}
        orders = [
            dict(zip(bit_of, order, strict=True))
            for order in ([known["value", bit] for bit in range(4)], [known["value", bit] ^ 4 for bit in range(4)])
        ]
    # The flip-flops come in the order of the register's bits.
    assert netlist.replay(orders[0], enable) == 0
    assert netlist.replay(orders[1], enable) > 0


@needs_yosys
def test_clocks_rest_behind_gates_and_as_a_whole(tmp_path: Path) -> None:
    source = tmp_path / "gated.v"
    source.write_text(GATED)
    synthesize(source, "gated", MINIMAL, work=tmp_path / "work")
    enables, pulses = 0b0011_0110_1101, 0b1011_1110_0111
    values = [0]
    for cycle in range(11):
        values.append(values[-1] ^ (enables & pulses) >> cycle & 1)
    value = sum(bit << cycle for cycle, bit in enumerate(values))
    with opened(MINIMAL) as library:
        netlist = Netlist(tmp_path / "work" / "netlist.v", library, 12)
        (flop,) = netlist.flops
        enable = {netlist.inputs["enable"]: enables}
        assert netlist.replay({flop.instance: value}, enable, pulses) == 0
        assert netlist.replay({flop.instance: value}, enable) > 0


@needs_yosys
def test_a_gate_keeps_its_enable_while_its_own_clock_rests(tmp_path: Path) -> None:
    source = tmp_path / "gated.v"
    source.write_text(GATED)
    synthesize(source, "gated", MINIMAL, work=tmp_path / "work")
    enables, pulses = 0b0101_0110_1001, 0b1010_1001_1001
    values, held = [0], [enables & 1]
    for cycle in range(11):
        values.append(values[-1] ^ held[-1] & pulses >> cycle & 1)
        held.append(enables >> cycle + 1 & 1 if pulses >> cycle & 1 else held[-1])
    named = [sum(bit << cycle for cycle, bit in enumerate(bits)) for bits in (values, held)]
    with opened(MINIMAL) as library:
        netlist = Netlist(tmp_path / "work" / "netlist.v", library, 12)
        instances = netlist.flops[0].instance, netlist.falling[0].instance
        enable = {netlist.inputs["enable"]: enables}
        assert netlist.replay(dict(zip(instances, named, strict=True)), enable, pulses) == 0
        assert netlist.replay(dict(zip(instances, (named[0], named[1] ^ 1 << 5), strict=True)), enable, pulses) > 0
        assert netlist.replay({instances[0]: named[0]}, enable, pulses) > 0


@needs_yosys
@needs_sta
def test_energy_follows_what_happens(counter: Path) -> None:
    enables = [0] * 20 + [1] * 20
    with opened(MINIMAL) as library:
        energy = energy_by_cycle(counter, "counter", library, 1000.0, counted(enables), 40, lambda _: "all")
    group = energy.groups["all"]
    assert group.flip_flops == 4 and energy.bits_checked == 4 * 39
    assert group.data_pj[:18].sum() == 0 < group.data_pj[20:39].min()
    assert group.leakage_mw > 0
    assert group.total_pj(1000.0) == pytest.approx(
        (group.clock_pj + group.data_pj).sum() + 40 * group.leakage_mw, rel=1e-9
    )


@needs_yosys
@needs_sta
def test_a_netlist_that_does_something_else_is_refused(counter: Path) -> None:
    bits = counted([1] * 30)
    bits[3] = (*bits[3][:2], bits[3][2] ^ 1 << 7)
    with opened(MINIMAL) as library, pytest.raises(UserError, match="differs from the recorded run in"):
        energy_by_cycle(counter, "counter", library, 1000.0, bits, 30, lambda _: "all")


@needs_yosys
@needs_sta
def test_what_was_measured_is_kept_and_a_broken_file_is_not_trusted(counter: Path, tmp_path: Path) -> None:
    with opened(MINIMAL) as library:
        energy = energy_by_cycle(counter, "counter", library, 1000.0, counted([1] * 12), 12, lambda _: "all")
    path = tmp_path / "kept" / "counter.npz"
    assert _read(path) is None
    _write(path, energy)
    again = _read(path)
    assert again is not None and again.bits_checked == energy.bits_checked
    assert np.array_equal(again.groups["all"].data_pj, energy.groups["all"].data_pj)
    path.write_bytes(path.read_bytes()[:200])
    assert _read(path) is None


def test_a_recording_yields_bits_over_cycles(tmp_path: Path) -> None:
    file = tmp_path / "unit.bits"
    # Cycle by cycle: five bits of the first signal, one of the second above them.
    file.write_text("".join(f"{value:02x}\n" for value in (0b000001, 0b100001, 0b011110)))
    signals = (Signal(("a", "b"), "state", 5, aliases={"low": (1, 2)}), Signal((), "flag", 1))
    recording = Recording(signals, file)
    assert recording.cycles == 3
    found = {(name, bit): value for name, bit, value in recording.bits()}
    assert found["a.b.state", 0] == 0b011 and found["a.b.state", 4] == 0b100 and found["flag", 0] == 0b010
    assert found["a.b.low", 0] == found["a.b.state", 1] and found["a.b.low", 1] == found["a.b.state", 2]


def test_least_squares_without_negative_energies() -> None:
    counts = np.array([[4.0, 1.0, 0.0], [8.0, 1.0, 0.0], [2.0, 3.0, 0.0]])
    assert not_negative(counts, counts @ [0.5, 2.0, 0.0]) == pytest.approx([0.5, 2.0, 0.0])
    held = not_negative(counts, counts @ [0.5, -0.2, 0.0])
    assert held[1] == 0 and held[0] > 0


def test_memory_banks_from_their_libraries(tmp_path: Path) -> None:
    (tmp_path / "srambank_64x4x16_6t122.lib").write_text(SRAM)
    (tmp_path / "LICENSE").write_text("none of a library")
    assert sram_banks(tmp_path) == (SramBank(256, 16, 249.14304, 2.0, 0.0),)


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "srambank_64x4x16_6t122.lib").write_text("library (x) {}")
    for folder, named in (("none", "not a folder"), ("empty", "no library"), ("bad", "no area or no energy")):
        with pytest.raises(UserError, match=named):
            sram_banks(tmp_path / folder)
    with pytest.raises(UserError, match=r"absent\.lib"):
        corner_of(tmp_path / "absent.lib")
    assert corner_of(MINIMAL)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("characterize --liberty absent.lib --sram .", ["absent.lib", "not a file"]),
        ("characterize --liberty tb/data/minimal.lib --sram absent", ["absent", "not a folder"]),
        ("power-check --liberty absent.lib", ["absent.lib", "not a file"]),
        ("power-check --liberty tb/data/minimal.lib --energy-table none", ["'none'", "asap7"]),
    ],
)
def test_mistakes_of_the_commands_are_one_line(arguments: str, named: list[str]) -> None:
    done = pinta(*arguments.split())
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1, done.stderr
    assert all(each in done.stderr for each in named), done.stderr


def test_a_check_adds_up_and_fails_where_it_must() -> None:
    parts = (PartCheck("array", 2.0, 2.2), PartCheck("control", 1.0, 1.1))
    check = PowerCheck(parts, {}, 100, 1)
    assert check.total.netlist_mw == 3.0 and check.total.error == pytest.approx(0.1) and check.passed
    assert not PowerCheck((*parts, PartCheck("transfer", 1.0, 2.0)), {}, 100, 1).passed
