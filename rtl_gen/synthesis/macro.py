"""Memory macros that are not there yet: what timing assumes of them."""

import re
from dataclasses import dataclass

_MEMORY = re.compile(r"^  reg (?:\[(\d+):0\] )?cells \[(\d+):0\];$", re.MULTILINE)
_PORT = re.compile(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);$", re.MULTILINE)
_LIBRARY = """library ({name}) {{
  delay_model : table_lookup;
  time_unit : "1ps";
  voltage_unit : "1V";
  current_unit : "1mA";
  pulling_resistance_unit : "1kohm";
  capacitive_load_unit (1, ff);
  input_threshold_pct_rise : 50;
  input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50;
  output_threshold_pct_fall : 50;
  slew_lower_threshold_pct_rise : 10;
  slew_lower_threshold_pct_fall : 10;
  slew_upper_threshold_pct_rise : 90;
  slew_upper_threshold_pct_fall : 90;
{types}
  cell ({name}) {{
    area : 0;
{pins}
  }}
}}
"""
_TYPE = (
    "  type (bits_{width}) {{"
    " base_type : array; data_type : bit; bit_width : {width}; bit_from : {last}; bit_to : 0; }}"
)
_SLEW_PS = 40
_CAPACITANCE_FF = 1


@dataclass(frozen=True)
class MacroTiming:
    """Timing of every memory macro.

    Parameters
    ----------
    access_ps : float
        From the clock's edge to the data.
    setup_ps : float
        From an input to the clock's edge.
    """

    access_ps: float = 250.0
    setup_ps: float = 80.0


def memory_size(module: str) -> tuple[int, int] | None:
    """Words and bits of the memory that a Verilog module wraps, or None: a bank and a ROM call it ``cells``."""
    found = _MEMORY.search(module)
    return (int(found[2]) + 1, int(found[1] or 0) + 1) if found else None


def macro_liberty(name: str, module: str, timing: MacroTiming) -> str:
    """A Liberty library with one cell ``name``, whose ports are those of the Verilog text ``module``."""
    ports = [(direction, int(last or 0) + 1, port) for direction, last, port in _PORT.findall(module)]
    widths = sorted({width for _, width, _ in ports if width > 1})
    return _LIBRARY.format(
        name=name,
        types="\n".join(_TYPE.format(width=width, last=width - 1) for width in widths),
        pins="\n".join(_pin(*port, timing) for port in ports),
    )


def _pin(direction: str, width: int, port: str, timing: MacroTiming) -> str:
    lines = [f"    bus ({port}) {{ bus_type : bits_{width};" if width > 1 else f"    pin ({port}) {{"]
    lines += [f"      direction : {direction};", f"      capacitance : {_CAPACITANCE_FF};"]
    if port == "clk":
        lines += ["      clock : true;"]
    elif direction == "output":
        tables = dict.fromkeys(("cell_rise", "cell_fall"), timing.access_ps)
        tables |= dict.fromkeys(("rise_transition", "fall_transition"), _SLEW_PS)
        lines += _arc("rising_edge", tables)
    elif port != "rst":
        lines += _arc("setup_rising", dict.fromkeys(("rise_constraint", "fall_constraint"), timing.setup_ps))
    return "\n".join([*lines, "    }"])


def _arc(kind: str, tables: dict[str, float]) -> list[str]:
    values = [f'        {name} (scalar) {{ values ("{value:g}"); }}' for name, value in tables.items()]
    return ["      timing () {", '        related_pin : "clk";', f"        timing_type : {kind};", *values, "      }"]
