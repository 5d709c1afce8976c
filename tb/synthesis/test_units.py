"""Area and period of a machine's units: what is a unit, what is a macro, what is done once."""

import re

import pytest

from pinta_hw.memory.bank import Bank
from pinta_hw.spec.errors import UserError
from rtl_gen.synthesis import registers
from rtl_gen.synthesis.macro import MacroTiming, macro_liberty, memory_size
from rtl_gen.synthesis.units import Macros, UnitDesign, synthesize_unit
from rtl_gen.verilog import modules
from tb.synthesis.test_synthesis import MINIMAL, needs_sta, needs_yosys

BANK = modules(Bank(16, 8), "top_bank")["top_bank"]
COUNTER = """\
module top_counter(clk, address, data);
  input clk;
  input [3:0] address;
  output [7:0] data;
  wire [7:0] read_data;
  reg [7:0] total;
  always @(posedge clk) total <= total + read_data;
  assign data = total;
  top_bank store (
    .clk(clk), .rst(1'b0), .enable(1'b1), .write(1'b0), .address(address), .write_data(8'h0), .read_data(read_data)
  );
endmodule
"""
TOP = """\
module top(clk, address, data);
  input clk;
  input [7:0] address;
  output [15:0] data;
  top_counter first (
    .clk(clk), .address(address[3:0]), .data(data[7:0])
  );
  top_counter \\second (
    .clk(clk), .address(address[7:4]), .data(data[15:8])
  );
endmodule
"""
DESIGN = UnitDesign({"top_bank": BANK, "top_counter": COUNTER, "top": TOP}, "top")


def measure(tmp_path, part="first", **timing):
    return synthesize_unit(DESIGN, part, MINIMAL, 1000.0, MacroTiming(**timing), tmp_path)


def test_a_bank_is_a_memory_and_nothing_else_is():
    assert memory_size(BANK) == (16, 8)
    assert memory_size(modules(Bank(256, 72), "bank")["bank"]) == (256, 72)
    assert memory_size(COUNTER) is None


def test_units_are_the_instances_of_the_top():
    assert DESIGN.units == {"first": "top_counter", "second": "top_counter"}
    assert DESIGN.below("top") == {"top": 1, "top_counter": 2, "top_bank": 2}
    assert DESIGN.module("second") == DESIGN.module("counter") == DESIGN.module("top_counter") == "top_counter"
    for nothing in ("third", "top"):
        with pytest.raises(UserError, match=rf"part: '{nothing}' .* first, second"):
            DESIGN.module(nothing)


def test_a_macro_library_has_every_port_of_the_bank():
    text = macro_liberty("top_bank", BANK, MacroTiming(access_ps=123, setup_ps=45))
    assert set(re.findall(r"(?:bus|pin) \((\w+)\)", text)) == {
        "clk", "rst", "enable", "write", "address", "write_data", "read_data"
    }  # fmt: skip
    assert text.count('values ("45")') == 2 * len(("enable", "write", "address", "write_data"))
    assert text.count('values ("123")') == 2
    assert text.count("{") == text.count("}")


@needs_yosys
@needs_sta
def test_a_macro_has_no_area_and_takes_its_time(tmp_path):
    fast, slow = (measure(tmp_path, access_ps=access) for access in (200.0, 500.0))
    assert fast.macros == (Macros(1, 16, 8),)
    assert fast.synthesis.flops == 8
    assert fast.synthesis.area_um2 == slow.synthesis.area_um2 > 8 * 0.29
    assert slow.synthesis.critical_path_ps - fast.synthesis.critical_path_ps == pytest.approx(300, abs=1)
    start, end = slow.synthesis.critical_path_ends
    assert re.fullmatch(r"store/read_data\[\d\]", start) and re.fullmatch(r"total\[\d\]", end)


@needs_yosys
def test_what_was_measured_is_not_measured_again(tmp_path, monkeypatch):
    first = measure(tmp_path)

    def refuse(*arguments, **options):
        raise AssertionError("mapped again")

    monkeypatch.setattr("rtl_gen.synthesis.units.synthesize", refuse)
    assert measure(tmp_path) == first
    with pytest.raises(AssertionError, match="mapped again"):
        measure(tmp_path, setup_ps=81.0)


def test_a_register_is_called_after_what_it_drives():
    netlist = "module top(clk);\n  part \\deep.part  (\n    .clk(clk)\n  );\nendmodule\nmodule part(clk);\nendmodule\n"
    dump = "module \\part\n  cell $_DFF_P_ \\flop_7\n    connect \\Q \\exponent [3]\n  end\nend\n"
    names = registers.Names("top", netlist, dump)
    assert names.described("deep.part/flop_7/D") == "deep.part/exponent[3]"
    for other in ("deep.part/flop_8/D", "flop_7/QN", "data[3]"):
        assert names.described(other) == other
