"""Timing across units: a small machine with a memory between two units, and a clock that rests."""

import pytest

from pinta_hw.memory.bank import Bank
from pinta_hw.spec.errors import UserError
from rtl_gen.synthesis.macro import MacroTiming
from rtl_gen.synthesis.units import UnitDesign, synthesize_unit
from rtl_gen.synthesis.whole import time_whole
from rtl_gen.verilog import modules
from tb.synthesis.test_synthesis import MINIMAL, needs_sta, needs_yosys

SETUP_PS, ACCESS_PS = 80.0, 250.0
COUNTER = """\
module top_counter(clk, running, address);
  input clk;
  output running;
  wire running;
  output [3:0] address;
  wire [3:0] address;
  reg [3:0] count;
  always @(posedge clk) count <= count + 1;
  assign address = count, running = count[3];
endmodule
"""
SWITCH = """\
module top_switch(clk, address, data);
  input clk;
  input [3:0] address;
  output [7:0] data;
  wire [7:0] data;
  top_bank bank (
    .clk(clk), .rst(1'b0), .enable(1'b1), .write(1'b0), .address(~address), .write_data(8'h0), .read_data(data)
  );
endmodule
"""
GATE = """\
module top_gate(clk, running, gated);
  input clk;
  input running;
  output gated;
  wire gated;
  reg held;
  always @(negedge clk) held <= running;
  assign gated = clk & held;
endmodule
"""
SUM = """\
module top_sum(clk, data, total);
  input clk;
  input [7:0] data;
  output [7:0] total;
  reg [7:0] total;
  always @(posedge clk) total <= total + data;
endmodule
"""
TOP = """\
module top(clk, total);
  input clk;
  output [7:0] total;
  wire [7:0] total;
  wire [3:0] address;
  wire [7:0] data;
  wire running, gated;
  top_counter counter (
    .clk(clk), .running(running), .address(address)
  );
  top_switch memory (
    .clk(clk), .address(address), .data(data)
  );
  top_gate gate (
    .clk(clk), .running(running), .gated(gated)
  );
  top_sum sum (
    .clk(gated), .data(data), .total(total)
  );
endmodule
"""
MODULES = {
    "top_bank": modules(Bank(16, 8), "top_bank")["top_bank"],
    "top_counter": COUNTER,
    "top_switch": SWITCH,
    "top_gate": GATE,
    "top_sum": SUM,
    "top": TOP,
}
DESIGN = UnitDesign(MODULES, "top")


def measured(folder, *units):
    timing = MacroTiming(ACCESS_PS, SETUP_PS)
    return [synthesize_unit(DESIGN, unit, MINIMAL, 1000.0, timing, folder) for unit in units]


@needs_yosys
@needs_sta
def test_paths_go_from_register_to_register_across_the_units(tmp_path):
    results = measured(tmp_path, "counter", "memory", "gate", "sum")
    whole = time_whole(DESIGN, results, MINIMAL, 1000.0)
    borders = {path.units: path for path in whole.borders}
    assert set(borders) == {("counter", "memory"), ("memory", "sum"), ("counter", "gate")}
    there, back = borders["counter", "memory"], borders["memory", "sum"]
    assert there.start.startswith("counter/count[") and there.end.startswith("memory/bank/address[")
    assert back.start.startswith("memory/bank/read_data[") and back.end.startswith("sum/total[")
    # A flip-flop of 30 ps and an inverter; an adder's carry.
    assert SETUP_PS + 30 + 4 < there.period_ps < SETUP_PS + 100
    assert ACCESS_PS + 15 + 40 < back.period_ps < 700
    (sum_alone,) = (result.synthesis.critical_path_ps for result in results if result.name == "sum")
    assert back.period_ps > ACCESS_PS + sum_alone - 100
    ((held, takes),) = whole.gates
    assert held == "gate/held" and 30 + 15 < takes < 150
    assert borders["counter", "gate"].period_ps == pytest.approx(2 * takes)
    assert whole.left_out == ()


@needs_yosys
@needs_sta
def test_a_unit_may_lack(tmp_path):
    whole = time_whole(DESIGN, measured(tmp_path, "counter", "memory"), MINIMAL, 1000.0)
    assert [path.units for path in whole.borders] == [("counter", "memory")]
    assert whole.left_out == ("gate", "sum")
    with pytest.raises(UserError, match="no unit is mapped; allowed: some of counter, memory, gate, sum"):
        time_whole(DESIGN, [], MINIMAL, 1000.0)
