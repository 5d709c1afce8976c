"""Verilator warnings that generated Verilog may raise, each with the reason."""

WAIVERS = """`verilator_config
// Every signal of the description keeps its name in the Verilog, also where only parts of it are used.
lint_off -rule UNUSEDSIGNAL -file "*"
// Widths are those of the description, whose operators extend by sign or with zeros exactly as Verilog's do.
lint_off -rule WIDTHEXPAND -file "*"
// `!x` on a vector means `x == 0`.
lint_off -rule WIDTHTRUNC -file "*" -match "Logical operator LOGNOT expects 1 bit*"
// A bit selected by a variable index is the lowest one after a shift.
lint_off -rule WIDTHTRUNC -file "*" -match "Operator ASSIGNW expects * bits on the Assign RHS, but Assign RHS's SHIFTR*"
// A case statement follows an assignment that covers what it leaves out.
lint_off -rule CASEINCOMPLETE -file "*"
// A comparison with each of a range of constants includes one that is always true or false.
lint_off -rule UNSIGNED -file "*"
// The initial value of a register is its reset value.
lint_off -rule PROCASSINIT -file "*"
"""
