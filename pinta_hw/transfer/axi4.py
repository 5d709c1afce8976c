"""The AXI4 interface towards the memory."""

from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.spec.isa.transfer import BEAT_BYTES, MEMORY_ADDRESS_BITS

MAX_BURST_BEATS = 256
DATA_BITS = 8 * BEAT_BYTES
BEAT_SIZE = BEAT_BYTES.bit_length() - 1
"""AXI's code of the bytes of a beat."""
CACHEABLE = 0b0011
"""Normal memory, neither cached nor allocated, but bufferable and modifiable."""


class Burst(enum.Enum, shape=2):
    """How addresses go on within a burst."""

    INCR = 1


class Response(enum.Enum, shape=2):
    """How an access ended; the two errors have the upper bit set."""

    OKAY = 0
    EXOKAY = 1
    SLVERR = 2
    DECERR = 3


class Axi4(wiring.Signature):
    """An AXI4 master with one ID, 128 bits of data and 40 bits of address; names are those of the standard."""

    def __init__(self):
        members = {}
        for channel in ("aw", "ar"):
            members |= {
                f"{channel}valid": Out(1),
                f"{channel}ready": In(1),
                f"{channel}id": Out(1),
                f"{channel}addr": Out(MEMORY_ADDRESS_BITS),
                f"{channel}len": Out(8),
                f"{channel}size": Out(3),
                f"{channel}burst": Out(Burst, init=Burst.INCR),
                f"{channel}cache": Out(4),
                f"{channel}prot": Out(3),
            }
        members |= {"wvalid": Out(1), "wready": In(1), "wdata": Out(DATA_BITS), "wstrb": Out(BEAT_BYTES)}
        members |= {"wlast": Out(1)}
        members |= {"bvalid": In(1), "bready": Out(1), "bid": In(1), "bresp": In(2)}
        members |= {"rvalid": In(1), "rready": Out(1), "rid": In(1), "rdata": In(DATA_BITS)}
        members |= {"rresp": In(2), "rlast": In(1)}
        super().__init__(members)
