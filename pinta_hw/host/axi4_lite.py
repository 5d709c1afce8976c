"""The AXI4-Lite interface towards the host."""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.spec.registers import ADDRESS_BITS, REGISTER_BITS, REGISTER_BYTES


class Axi4Lite(wiring.Signature):
    """An AXI4-Lite master with 32 bits of data; names are those of the standard."""

    def __init__(self):
        members = {}
        for channel in ("aw", "ar"):
            members |= {
                f"{channel}valid": Out(1),
                f"{channel}ready": In(1),
                f"{channel}addr": Out(ADDRESS_BITS),
                f"{channel}prot": Out(3),
            }
        members |= {"wvalid": Out(1), "wready": In(1), "wdata": Out(REGISTER_BITS), "wstrb": Out(REGISTER_BYTES)}
        members |= {"bvalid": In(1), "bready": Out(1), "bresp": In(2)}
        members |= {"rvalid": In(1), "rready": Out(1), "rdata": In(REGISTER_BITS), "rresp": In(2)}
        super().__init__(members)
