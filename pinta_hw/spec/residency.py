"""How much of the scratchpad constants may take for all steps of a training."""

RESIDENT_SHARE = 6
"""They may fill the scratchpad divided by this; less, where everything else does not fit beside them."""
