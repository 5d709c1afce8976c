"""The transfer unit: moves beats between the AXI memory and the machine's own memories."""

from amaranth import Array, Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2

from pinta_hw.control.control import TransferFault
from pinta_hw.instruction import operation_layout
from pinta_hw.memory.real_memory import RealPort
from pinta_hw.memory.scratchpad import WriteSignature, group_of
from pinta_hw.placement import place
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.control_timing import STEP_BITS
from pinta_hw.spec.isa.instruction import Unit
from pinta_hw.spec.isa.real_memory import REAL_BANKS, REAL_GROUPS
from pinta_hw.spec.isa.transfer import BEAT_BYTES, MEMORY_ADDRESS_BITS, TRANSFER_COUNT_BITS, Direction
from pinta_hw.spec.transfer_timing import BOUNDARY_BYTES

from .axi4 import BEAT_SIZE, CACHEABLE, DATA_BITS, Axi4
from .beat_queue import BeatQueue
from .bursts import Bursts
from .step_address import StepAddress

_BEAT_BITS = ceil_log2(BEAT_BYTES)
_BOUNDARY_BITS = ceil_log2(BOUNDARY_BYTES)


class TransferUnit(wiring.Component):
    """Executes one transfer at a time.

    Latency: `spec.transfer_timing.transfer_cycles` against a memory of fixed latency. Throughput: a beat a cycle.

    A transfer whose data would lie outside a memory does not begin. One that meets an error response sends no further
    bursts, waits for the responses that are due, and is done; what it has written by then stays.

    Members
    -------
    start : In(1)
        Begin `operation`, which stays constant until `done`.
    operation : In
        Fields of a `spec.isa.transfer.Transfer`.
    step : In(STEP_BITS)
        The number by which the stride is multiplied.
    base : In(MEMORY_ADDRESS_BITS)
        Added to all addresses.
    done : Out(1)
        The last word is being written to the machine's memory, or the last response of the AXI memory came.
    fault : Out(TransferFault)
        The transfer fails: a memory error with the address of its beat (of its burst, in a store), or a bad address.
    cancel : In(1)
        Send no further bursts.
    quiet : Out(1)
        No transfer runs, and the AXI memory owes no response.
    axi : Out(Axi4())
    tensor_memory : Out(WriteSignature(config))
        Scratchpad client.
    real_memory : Out(RealPort(config)).array(REAL_GROUPS)
        Client of the real memory.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "operation": In(operation_layout(config, Unit.TRANSFER)),
                "step": In(STEP_BITS),
                "base": In(MEMORY_ADDRESS_BITS),
                "done": Out(1),
                "fault": Out(TransferFault),
                "cancel": In(1),
                "quiet": Out(1),
                "axi": Out(Axi4()),
                "tensor_memory": Out(WriteSignature(config)),
                "real_memory": Out(RealPort(config)).array(REAL_GROUPS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        axi, operation = self.axi, self.operation
        address = place(m, "step_address", StepAddress(), platform)
        bursts = place(m, "bursts", Bursts(), platform)
        queue = place(m, "queue", BeatQueue(), platform)

        is_store = operation.direction == Direction.STORE_REAL
        is_tensor = operation.direction == Direction.LOAD_TENSOR
        failed = Signal()
        response = Signal(MEMORY_ADDRESS_BITS)  # of the next beat of a load, of the next response's burst of a store
        outside = self._build_bounds(m, address, is_tensor)
        load_beat = axi.rvalid & axi.rready
        store_response = axi.bvalid & axi.bready
        failure = Signal()
        m.d.comb += [
            address.start.eq(self.start),
            address.base.eq(self.base),
            address.memory.eq(operation.memory),
            address.stride.eq(operation.step_stride),
            address.step.eq(self.step),
            bursts.address.eq(address.address),
            bursts.beats.eq(operation.beats),
            bursts.stop.eq(failed | self.cancel),
            bursts.ready.eq(Mux(is_store, axi.awready, axi.arready)),
            bursts.ended.eq((load_beat & axi.rlast) | store_response),
            failure.eq((load_beat & axi.rresp[1]) | (store_response & axi.bresp[1])),
            axi.rready.eq(1),
            axi.bready.eq(1),
        ]
        for channel, chosen in (("aw", is_store), ("ar", ~is_store)):
            m.d.comb += [
                getattr(axi, f"{channel}valid").eq(bursts.valid & chosen),
                getattr(axi, f"{channel}addr").eq(bursts.burst_address),
                getattr(axi, f"{channel}len").eq(bursts.burst_last),
                getattr(axi, f"{channel}size").eq(BEAT_SIZE),
                getattr(axi, f"{channel}cache").eq(CACHEABLE),
            ]

        m.d.sync += [self.done.eq(0), self.fault.memory.eq(0), self.fault.bad_address.eq(0)]
        running = Signal()
        with m.FSM() as fsm:
            with m.State("IDLE"):
                with m.If(self.start):
                    m.next = "ADDRESS"
            with m.State("ADDRESS"):
                with m.If(address.done):
                    m.d.sync += [failed.eq(0), response.eq(address.address)]
                    with m.If(outside):
                        m.d.sync += [
                            self.done.eq(1),
                            self.fault.bad_address.eq(1),
                            self.fault.address.eq(address.address),
                        ]
                        m.next = "IDLE"
                    with m.Else():
                        m.d.comb += bursts.begin.eq(1)
                        m.next = "RUN"
            with m.State("RUN"):
                m.d.comb += running.eq(1)
                with m.If(load_beat):
                    m.d.sync += response.eq(response + BEAT_BYTES)
                with m.If(store_response):
                    m.d.sync += response.eq((response[_BOUNDARY_BITS:] + 1) << _BOUNDARY_BITS)
                with m.If(failure & ~failed):
                    m.d.sync += [failed.eq(1), self.fault.memory.eq(1), self.fault.address.eq(response)]
                with m.If((bursts.ended & bursts.final) | (bursts.stop & bursts.none)):
                    m.d.sync += self.done.eq(1)
                    m.next = "IDLE"
        m.d.comb += self.quiet.eq(fsm.ongoing("IDLE") & ~self.start)

        self._build_load(m, load_beat & ~axi.rresp[1] & ~failed, is_tensor)
        self._build_store(m, queue, running & is_store, address)
        return m

    def _build_bounds(self, m: Module, address: StepAddress, is_tensor) -> Signal:
        """Whether the transfer would reach outside a memory; known when the address is."""
        config, operation = self._config, self.operation
        real_bits = bits_for(config.real_memory_words) + TRANSFER_COUNT_BITS
        tensor_end = Signal(real_bits)
        real_end = Signal(real_bits)
        outside_local = Signal()
        outside = Signal()
        m.d.sync += [
            tensor_end.eq(operation.local + operation.beats),
            real_end.eq(operation.local + operation.beats * REAL_BANKS),
            outside_local.eq(
                Mux(
                    is_tensor,
                    tensor_end > config.scratchpad_words,
                    (real_end > config.real_memory_words) | operation.local[: ceil_log2(REAL_BANKS)].any(),
                )
            ),
        ]
        end = Signal(MEMORY_ADDRESS_BITS + 1)
        m.d.comb += [
            end.eq(address.address + (operation.beats << _BEAT_BITS)),
            outside.eq(
                outside_local | address.overflow | (end > 1 << MEMORY_ADDRESS_BITS) | address.address[:_BEAT_BITS].any()
            ),
        ]
        return outside

    def _build_load(self, m: Module, accepted, is_tensor) -> None:
        """Beats to the scratchpad, one word each, or to the real memory, four words each."""
        config, operation, axi = self._config, self.operation, self.axi
        next_local = Signal(len(operation.local))
        local = Signal(len(operation.local))
        beat = Signal(DATA_BITS)
        to_tensor = Signal()
        to_real = Signal()
        m.d.sync += [
            beat.eq(axi.rdata),
            local.eq(next_local),
            to_tensor.eq(accepted & is_tensor),
            to_real.eq(accepted & ~is_tensor),
        ]
        with m.If(self.start):
            m.d.sync += next_local.eq(operation.local)
        with m.Elif(accepted):
            m.d.sync += next_local.eq(next_local + Mux(is_tensor, 1, REAL_BANKS))

        bank_bits = ceil_log2(config.banks)
        m.d.comb += self.tensor_memory.group.eq(group_of(config, local))
        for bank in range(config.banks):
            m.d.comb += [
                self.tensor_memory.enable[bank].eq(to_tensor & (local[:bank_bits] == bank)),
                self.tensor_memory.row[bank].eq(local[bank_bits:]),
                self.tensor_memory.data[bank].eq(beat),
            ]
        group_bits = ceil_log2(config.real_group_words)
        for group, port in enumerate(self.real_memory):
            with m.If(to_real & (local[group_bits:] == group)):
                m.d.comb += [port.enable.eq(~0), port.write.eq(1), port.address.eq(local)]
            m.d.comb += port.data_out.eq(beat)

    def _build_store(self, m: Module, queue: BeatQueue, running, address: StepAddress) -> None:
        """Beats of four words from the real memory."""
        config, operation, axi = self._config, self.operation, self.axi
        local = Signal(len(operation.local))
        reads_left = Signal(TRANSFER_COUNT_BITS)
        read_group = Signal(ceil_log2(REAL_GROUPS))
        group_bits = ceil_log2(config.real_group_words)
        m.d.comb += [
            queue.clear.eq(address.done),
            queue.wanted.eq(running & (reads_left != 0)),
            queue.data_in.eq(Array(Cat(*port.data_in) for port in self.real_memory)[read_group]),
        ]
        for group, port in enumerate(self.real_memory):
            with m.If(queue.ask & (local[group_bits:] == group)):
                m.d.comb += [port.enable.eq(~0), port.address.eq(local)]
        with m.If(queue.ask):
            m.d.sync += [
                local.eq(local + REAL_BANKS),
                reads_left.eq(reads_left - 1),
                read_group.eq(local[group_bits:]),
            ]

        # A beat follows its burst's address.
        page_bits = _BOUNDARY_BITS - _BEAT_BITS
        open_bursts = Signal(3)
        beats_left = Signal(TRANSFER_COUNT_BITS)
        page_beat = Signal(page_bits)
        moves = axi.wvalid & axi.wready
        m.d.comb += [
            axi.wvalid.eq(queue.valid & (open_bursts != 0)),
            axi.wdata.eq(queue.data),
            axi.wstrb.eq(~0),
            axi.wlast.eq(page_beat.all() | (beats_left == 1)),
            queue.ready.eq(axi.wready & (open_bursts != 0)),
        ]
        m.d.sync += open_bursts.eq(open_bursts + (axi.awvalid & axi.awready) - (moves & axi.wlast))
        with m.If(moves):
            m.d.sync += [page_beat.eq(page_beat + 1), beats_left.eq(beats_left - 1)]
        with m.If(address.done):
            m.d.sync += [
                local.eq(operation.local),
                reads_left.eq(operation.beats),
                beats_left.eq(operation.beats),
                page_beat.eq(address.address[_BEAT_BITS:]),
            ]
