"""Clock gates in place of enable multiplexers: one latch and one AND gate for all flip-flops of an enable."""

from .liberty import Liberty

BLACK_BOX = "(* blackbox *) module pinta_clock_gate (input CLK, EN, output GCLK); endmodule\n"

FROM_ENABLES = """\
module \\$_DFFE_PP_ (input D, C, E, output Q);
  wire gated;
  pinta_clock_gate gate (.CLK(C), .EN(E), .GCLK(gated));
  \\$_DFF_P_ flop (.D(D), .C(gated), .Q(Q));
endmodule
"""


def to_cells(library: Liberty) -> str | None:
    """Techmap rule of the clock gate in cells of the library, or None where it has no low latch or no AND gate."""
    latch, gate = library.low_latch, library.and2
    if latch is None or gate is None:
        return None
    enable = next(pin for pin in latch.inputs if pin in latch.latch["enable"])
    (output,) = latch.functions
    (gated,) = gate.functions
    first, second = gate.inputs
    return (
        "module pinta_clock_gate (input CLK, EN, output GCLK);\n"
        "  wire enable;\n"
        f"  {latch.name} latch (.{enable}(CLK), .{latch.latch['data_in']}(EN), .{output}(enable));\n"
        f"  {gate.name} gate (.{first}(CLK), .{second}(enable), .{gated}(GCLK));\n"
        "endmodule\n"
    )
