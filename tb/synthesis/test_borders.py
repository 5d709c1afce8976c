"""Stronger drivers where a net leaves its module."""

from pathlib import Path

import pytest

from rtl_gen.synthesis.borders import MARGIN, strengthen
from rtl_gen.synthesis.liberty import Cell, Liberty

FLOP = {"state": "IQ", "clocked_on": "CLK", "next_state": "D"}


def inverter(name: str, strength: int) -> Cell:
    return Cell(name, 0.04 * strength, ("A",), {"Y": "!A"}, {}, {}, {"A": float(strength)}, {"Y": 16.0 * strength})


LIBRARY = Liberty(
    Path(),
    "test",
    1.0,
    {
        cell.name: cell
        for cell in (
            inverter("INVx4", 4),
            inverter("INVx1", 1),
            inverter("INVx2", 2),
            Cell("BUFx4", 0.1, ("A",), {"Y": "A"}, {}, {}, {"A": 1.0}, {"Y": 64.0}),
            Cell("DFF", 0.3, ("CLK", "D"), {"Q": "IQ"}, {}, FLOP, {"CLK": 1.0, "D": 1.0}, {"Q": 16.0}),
        )
    },
)

LEAF = r"""
module leaf(\a[0] , y);
  input \a[0] ;
  output y;
  wire inside;
  wire same;
  assign same = \a[0] ;
  INVx1 first (
    .A(same),
    .Y(inside)
  );
  INVx1 second (
    .A(\a[0] ),
    .Y(y)
  );
  INVx1 third (
    .A(inside),
    .Y()
  );
endmodule
"""


def netlist(tmp_path: Path, leaves: int, readers: int) -> Path:
    """``leaves`` share an input that ``drive`` drives; what the last one drives, so many flip-flops read."""
    lines = ["module top(clk, d);", "  input clk;", "  input d;", "  wire many;", "  wire out;"]
    lines += ["  INVx1 drive (", "    .A(d),", "    .Y(many)", "  );", "  INVx2 \\loop[0]  (", "    .A(d)", "  );"]
    for n in range(leaves):
        lines += [
            f"  leaf \\leaf[{n}]  (",
            "    .\\a[0] (many),",
            f"    .y({'out' if n == leaves - 1 else ''})",
            "  );",
        ]
    for n in range(readers):
        lines += [f"  DFF flop_{n} (", "    .CLK(clk),", "    .D(out),", "    .Q()", "  );"]
    path = tmp_path / "netlist.v"
    path.write_text("\n".join([*lines, "endmodule"]) + LEAF)
    return path


def kinds(path: Path) -> dict[str, str]:
    words = [line.split() for line in path.read_text().splitlines() if line.endswith("(")]
    return {name.lstrip("\\"): kind for kind, name, _ in words}


def test_drivers_of_modules_are_as_strong_as_their_load(tmp_path):
    path = netlist(tmp_path, leaves=2, readers=1)
    assert MARGIN == 8  # the loads here: 2 inverters in each leaf
    assert strengthen(path, "top", LIBRARY) == 1
    assert kinds(path)["drive"] == "INVx2"
    path = netlist(tmp_path, leaves=9, readers=1)  # 18 units: more than any may drive with a margin
    assert strengthen(path, "top", LIBRARY) == 1
    assert kinds(path)["drive"] == "INVx4"


def test_outputs_of_modules_are_as_strong_as_the_largest_load_outside(tmp_path):
    path = netlist(tmp_path, leaves=1, readers=7)
    before = path.read_text()
    assert strengthen(path, "top", LIBRARY) == 1
    found = kinds(path)
    assert found.pop("second") == "INVx4"
    assert found["first"] == found["third"] == found["drive"] == "INVx1" and found["loop[0]"] == "INVx2"
    assert path.read_text().replace("INVx4 second", "INVx1 second") == before


@pytest.mark.parametrize("leaves", [0, 1])
def test_what_is_strong_enough_stays(tmp_path, leaves):
    path = netlist(tmp_path, leaves, readers=2)
    before = path.read_text()
    assert strengthen(path, "top", LIBRARY) == 0
    assert path.read_text() == before
