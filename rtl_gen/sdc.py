"""Timing constraints of a generated top."""

from collections.abc import Iterable

from .library import Port

IO_FRACTION = 0.2
"""Share of the clock period that lies outside, before the inputs and after the outputs."""


def constraints(ports: Iterable[Port], clock_ghz: float) -> str:
    """SDC text for a top with one clock ``clk``.

    A flow whose libraries count time in other units than nanoseconds sets ``pinta_ns`` (units in a
    nanosecond: 1000 for picoseconds) before it reads the file.
    """
    names = [(port.name, port.direction) for port in ports]
    period = f"{1 / clock_ghz:g}"
    lines = [
        "if {![info exists pinta_ns]} { set pinta_ns 1 }",
        f"set pinta_period [expr {{{period} * $pinta_ns}}]",
        "# Enables of gated clocks are due at the falling edge, half a period after the registers that they come from.",
        "create_clock -name clk -period $pinta_period -waveform [list 0 [expr {$pinta_period / 2.0}]] [get_ports clk]",
        "set_clock_gating_check -setup 0 -hold 0 [get_clocks clk]",
        f"set pinta_io_delay [expr {{{IO_FRACTION:g} * $pinta_period}}]",
    ]
    for name, direction in names:
        if name != "clk":
            lines.append(f"set_{direction}_delay $pinta_io_delay -clock clk [get_ports {{{name}}}]")
    return "\n".join(lines) + "\n"
