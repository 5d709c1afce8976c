"""What can go wrong while the machine runs."""

from enum import IntEnum


class ErrorKind(IntEnum):
    """Bits of the register of errors."""

    ILLEGAL_INSTRUCTION = 0
    BAD_ADDRESS = 1
    MEMORY = 2
    DEADLOCK = 3
    WATCHDOG = 4
    CONFLICT = 5
    START_REFUSED = 6
    WRITE_REFUSED = 7


ERROR_TEXT = {
    ErrorKind.ILLEGAL_INSTRUCTION: "A field holds what it cannot, or a section is longer than its program store.",
    ErrorKind.BAD_ADDRESS: "An address is no multiple of what it must be, or reaches outside its memory.",
    ErrorKind.MEMORY: "The AXI memory answered with an error.",
    ErrorKind.DEADLOCK: "Instructions wait for each other.",
    ErrorKind.WATCHDOG: "No instruction ended for as long as the watchdog waits.",
    ErrorKind.CONFLICT: "Two units used the same memory group in one cycle.",
    ErrorKind.START_REFUSED: "Start while busy or while an error stood; nothing was started.",
    ErrorKind.WRITE_REFUSED: "A program or setting was written while busy; nothing was written.",
}
"""What each one means."""
STOPPING = tuple(kind for kind in ErrorKind if kind < ErrorKind.START_REFUSED)
"""Errors that stop the machine as soon as no unit runs; the others change nothing."""
NO_UNIT = 7
"""Number of the unit of an error that belongs to none."""
