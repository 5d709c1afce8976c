"""How gateware carries SMX blocks."""

from amaranth.lib import data, enum

from .spec.formats import EXPONENT_BITS, PLANE_BITS, SMX_BITS

MAX_PLANES = len(SMX_BITS)
"""Digit planes of the widest format."""


class Width(enum.Enum, shape=2):
    """An SMX width, encoded as its number of digit planes minus one."""

    SMX4 = 0
    SMX8 = 1
    SMX12 = 2
    SMX16 = 3


class QuantizedBlock(data.StructLayout):
    """One SMX block of any width.

    Members
    -------
    planes : ArrayLayout(64, 4)
        Digit planes, least significant digits first; the digit of element ``(r, c)`` is at bits
        ``4*(4*r + c)`` and up. Planes that the width does not have are zero.
    exponent : 8 bits
        Stored exponent; 255 marks a NaN block, whose planes are zero.
    """

    def __init__(self) -> None:
        super().__init__({"planes": data.ArrayLayout(PLANE_BITS, MAX_PLANES), "exponent": EXPONENT_BITS})
