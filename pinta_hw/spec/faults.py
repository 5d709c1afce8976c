"""What can go wrong while the machine runs, and what it does then."""

from enum import IntEnum


class ErrorKind(IntEnum):
    """Bits of the register of errors. All but the last two stop the machine as soon as no unit runs."""

    ILLEGAL_INSTRUCTION = 0
    """A field of an instruction holds what it cannot, or a section is longer than its program store."""
    BAD_ADDRESS = 1
    """An address is no multiple of what it must be, or what lies there is outside its memory."""
    MEMORY = 2
    """The AXI memory answered with an error."""
    DEADLOCK = 3
    """Instructions wait for each other."""
    WATCHDOG = 4
    """No instruction ended for as long as the watchdog waits."""
    CONFLICT = 5
    """Two units used the same bank in one cycle."""
    START_REFUSED = 6
    """Start while busy, or while an error stands; nothing was started."""
    WRITE_REFUSED = 7
    """A program or a setting was written while busy; nothing was written."""


STOPPING = tuple(kind for kind in ErrorKind if kind < ErrorKind.START_REFUSED)
"""Errors that stop the machine."""
NO_UNIT = 7
"""Number of the unit of an error that belongs to none."""
