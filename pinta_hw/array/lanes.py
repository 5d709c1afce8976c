"""Operand lanes: what one block row (A) or block column (B) hands to the array in a step."""

from amaranth.lib import data

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.formats import EXPONENT_BITS, PLANE_BITS


class ALane(data.Struct):
    """A digit plane, nibble ``(r, k)`` at bit ``4*(4*r + k)``, and the block's exponent."""

    plane: PLANE_BITS
    exponent: EXPONENT_BITS


class BLane(data.Struct):
    """A byte plane, byte ``(k, c)`` at bit ``8*(4*k + c)``, and the block's exponent."""

    plane: 2 * PLANE_BITS
    exponent: EXPONENT_BITS


def a_lanes_layout(config: AcceleratorConfig) -> data.ArrayLayout:
    """All lanes of the serial operand."""
    return data.ArrayLayout(ALane, config.a_lanes)


def b_lanes_layout(config: AcceleratorConfig) -> data.ArrayLayout:
    """All lanes of the parallel operand."""
    return data.ArrayLayout(BLane, config.b_lanes)
