"""Cycles of transfers against a memory of fixed latency."""

from dataclasses import dataclass

from .control_timing import STEP_BITS
from .isa.transfer import BEAT_BYTES, Direction

BOUNDARY_BYTES = 4096
"""No burst crosses a multiple of this; it is also the longest one, 256 beats."""
OUTSTANDING_BURSTS = 4
"""Bursts whose address was sent and whose end has not come."""
STEP_DIGIT_BITS = 2
"""Bits of the step that the address takes up a cycle."""


@dataclass(frozen=True)
class TransferTiming:
    """Cycles between the events of a transfer."""

    address: int = 3 + STEP_BITS // STEP_DIGIT_BITS
    """From the start to the first burst's address at the port."""
    reissue: int = 2
    """From a burst's end to the address of one that waited for it."""
    finish: int = 1
    """From the last response at the port to the unit's done."""


TRANSFER = TransferTiming()


def burst_beats(address: int, beats: int) -> list[int]:
    """Lengths of the bursts of a transfer from a byte address on."""
    lengths = []
    while beats:
        room = (BOUNDARY_BYTES - address % BOUNDARY_BYTES) // BEAT_BYTES
        lengths.append(min(beats, room))
        address += lengths[-1] * BEAT_BYTES
        beats -= lengths[-1]
    return lengths


def transfer_cycles(direction: Direction, address: int, beats: int, latency: int) -> int:
    """Cycles from a transfer's start to its done, both included.

    The memory accepts an address and a beat of data in every cycle. It answers a read ``latency`` cycles after its
    address with a beat a cycle, one burst after the other, and a write ``latency`` cycles after its last beat.

    Parameters
    ----------
    address : int
        Byte address of the first beat, the memory's base and the step included.
    latency : int
        Cycles, 1 or more.
    """
    issued = TRANSFER.address - 1  # cycle of the last address
    moved = 0  # cycle of the last beat
    ends: list[int] = []
    for number, length in enumerate(burst_beats(address, beats)):
        issued += 1
        if number >= OUTSTANDING_BURSTS:
            issued = max(issued, ends[number - OUTSTANDING_BURSTS] + TRANSFER.reissue)
        if direction == Direction.STORE_REAL:
            moved = max(moved, issued) + length  # data follow their address
            ends.append(moved + latency)
        else:
            moved = max(moved + 1, issued + latency) + length - 1
            ends.append(moved)
    return ends[-1] + TRANSFER.finish + 1
