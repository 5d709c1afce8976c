"""Models of the memories around the transfer unit, for the Amaranth simulator."""

import random
from collections import deque
from dataclasses import dataclass, field

from amaranth.hdl import Value

from pinta_hw.spec.isa.transfer import BEAT_BYTES

BOUNDARY = 4096


@dataclass
class AxiMemory:
    """An AXI memory that answers after ``latency`` cycles, and checks every rule that a transfer could break.

    ``accept`` is the chance of accepting an address or a beat in a cycle, ``answer`` that of giving one.
    """

    latency: int
    accept: float = 1.0
    answer: float = 1.0
    seed: int = 0
    bad_page: int | None = None
    """Accesses to this page of 4 KiB are answered by an error."""
    beats: dict[int, int] = field(default_factory=dict)
    """Content by byte address."""
    bursts: list[tuple[str, int, int]] = field(default_factory=list)

    def read(self, address: int) -> int:
        return self.beats.setdefault(address, random.Random(address).getrandbits(128))

    def process(self, axi):
        rng = random.Random(self.seed)

        def chance(probability: float) -> bool:
            return probability >= 1 or rng.random() < probability

        def response(address: int) -> int:
            return 2 if address // BOUNDARY == self.bad_page else 0

        async def run(ctx):
            reads: deque[tuple[int, int, bool]] = deque()  # cycle, address, last
            writes: deque[tuple[int, int]] = deque()  # address, beats
            answers: deque[tuple[int, int]] = deque()  # cycle, address of the burst
            written = 0
            offered_read = offered_answer = None
            ready = {"arready": False, "awready": False, "wready": False}
            held: dict[str, tuple] = {}
            cycle = 0

            def prepare():
                nonlocal offered_read, offered_answer
                for name in ready:
                    ready[name] = chance(self.accept)
                    ctx.set(getattr(axi, name), ready[name])
                if offered_read is None and reads and reads[0][0] <= cycle and chance(self.answer):
                    offered_read = reads.popleft()
                ctx.set(axi.rvalid, offered_read is not None)
                if offered_read is not None:
                    _, address, last = offered_read
                    ctx.set(axi.rdata, self.read(address))
                    ctx.set(axi.rlast, last)
                    ctx.set(axi.rresp, response(address))
                if offered_answer is None and answers and answers[0][0] <= cycle and chance(self.answer):
                    offered_answer = answers.popleft()
                ctx.set(axi.bvalid, offered_answer is not None)
                if offered_answer is not None:
                    ctx.set(axi.bresp, response(offered_answer[1]))

            def stable(name: str, valid: int, accepted: bool, payload: tuple) -> None:
                if name in held:
                    assert valid and payload == held[name], f"{name} changed before it was accepted"
                held.pop(name, None)
                if valid and not accepted:
                    held[name] = payload

            prepare()
            sample = ctx.tick().sample(
                axi.arvalid, axi.araddr, axi.arlen, axi.awvalid, axi.awaddr, axi.awlen, axi.wvalid, axi.wdata, axi.wlast
            )
            async for _, _, arvalid, araddr, arlen, awvalid, awaddr, awlen, wvalid, wdata, wlast in sample:
                stable("ar", arvalid, ready["arready"], (araddr, arlen))
                stable("aw", awvalid, ready["awready"], (awaddr, awlen))
                stable("w", wvalid, ready["wready"], (wdata, wlast))
                offered_read = offered_answer = None  # the unit always accepts
                if arvalid and ready["arready"]:
                    self._burst("read", araddr, arlen)
                    for beat in range(arlen + 1):
                        reads.append((cycle + self.latency, araddr + BEAT_BYTES * beat, beat == arlen))
                if wvalid and ready["wready"]:
                    assert writes, "data before their address"
                    address, length = writes[0]
                    self.beats[address + BEAT_BYTES * written] = wdata
                    assert wlast == (written + 1 == length), "the last beat is marked wrongly"
                    written += 1
                    if wlast:
                        answers.append((cycle + self.latency, address))
                        writes.popleft()
                        written = 0
                if awvalid and ready["awready"]:
                    self._burst("write", awaddr, awlen)
                    writes.append((awaddr, awlen + 1))
                cycle += 1
                prepare()

        return run

    def _burst(self, kind: str, address: int, last: int) -> None:
        assert address % BEAT_BYTES == 0
        assert address // BOUNDARY == (address + BEAT_BYTES * last) // BOUNDARY, "a burst crosses 4 KiB"
        self.bursts.append((kind, address, last + 1))


@dataclass
class LocalMemories:
    """The scratchpad's and the real memory's words, as far as they were written."""

    banks: int
    group_words: int
    tensor: dict[int, int] = field(default_factory=dict)
    real: dict[int, int] = field(default_factory=dict)
    cycle: int = 0
    last_write: int = -1
    """Cycle of the last write."""

    def process(self, dut):
        async def run(ctx):
            tensor, ports = dut.tensor_memory, dut.real_memory
            signals = [
                signal
                for bank in range(self.banks)
                for signal in (tensor.enable[bank], tensor.row[bank], Value.cast(tensor.data[bank]))
            ]
            signals += [
                signal
                for port in ports
                for signal in (port.enable, port.write, port.address, Value.cast(port.data_out))
            ]
            async for _, _, *values in ctx.tick().sample(*signals):
                for bank in range(self.banks):
                    enable, row, data = values[3 * bank : 3 * bank + 3]
                    if enable:
                        self.tensor[row * self.banks + bank] = data
                        self.last_write = self.cycle
                for group, port in enumerate(ports):
                    enable, write, address, data = values[3 * self.banks + 4 * group :][:4]
                    first = group * self.group_words + address
                    if enable and write:
                        assert enable == 0xF
                        self.last_write = self.cycle
                        for word in range(4):
                            self.real[first + word] = data >> (32 * word) & 0xFFFFFFFF
                    elif enable:
                        found = sum(self.real.get(first + word, 0) << (32 * word) for word in range(4))
                        ctx.set(Value.cast(port.data_in), found)
                    else:
                        ctx.set(Value.cast(port.data_in), 0xDEAD << 100)  # data are there for one cycle only
                self.cycle += 1

        return run
