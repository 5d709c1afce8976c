"""What a training step costs, in closed form: no program is compiled or executed.

`step` lists the operations of a step by size and number, as the golden step asks for them. Their cycles and events
are those that the cycle model takes, so sums over them are exact. What no sum tells is how well the compiler overlaps
the units: `overlap` estimates that, with constants that were fitted to compiled programs.
"""
