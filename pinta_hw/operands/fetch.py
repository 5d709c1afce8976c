"""Operand fetch: from a GEMM instruction to the operand streams of the array."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.array.lanes import a_lanes_layout, b_lanes_layout
from pinta_hw.array.token import token_layout
from pinta_hw.instruction import gemm_layout
from pinta_hw.memory.scratchpad import ReadSignature, Word
from pinta_hw.operands.transposer import byte_plane, transposed_plane
from pinta_hw.placement import place
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.formats import PLANE_BITS

from .conductor import Conductor
from .port import OperandPort


class Fetch(wiring.Component):
    """Reads the operands of one GEMM and streams them, block-transposed where asked, to the array.

    The pipeline is one piece: it stands still while a step waits at the output. A and B of a step
    arrive together.

    Latency: `latency` cycles from `start` to the first step (one more where B loads in two cycles, or
    where A does). Throughput: one step a cycle.

    Members
    -------
    start, gemm, busy
        See `Conductor`.
    a_memory, b_memory : Out
        Scratchpad clients.
    a, b, steps : Out
        The operand streams and the steps that use them.
    """

    latency = OperandPort.latency + 3

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "start": In(1),
                "gemm": In(gemm_layout(config)),
                "busy": Out(1),
                "a_memory": Out(ReadSignature(config)),
                "b_memory": Out(ReadSignature(config)),
                "a": Out(stream.Signature(a_lanes_layout(config))),
                "b": Out(stream.Signature(b_lanes_layout(config))),
                "steps": Out(stream.Signature(token_layout(config))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self._config
        conductor = place(m, "conductor", Conductor(config), platform)
        a_port = place(m, "a_port", OperandPort(config), platform)
        b_port = place(m, "b_port", OperandPort(config), platform)
        wiring.connect(m, wiring.flipped(self.a_memory), a_port.memory)
        wiring.connect(m, wiring.flipped(self.b_memory), b_port.memory)

        advance = Signal()
        m.d.comb += [
            advance.eq(~self.steps.valid | self.steps.ready),
            conductor.start.eq(self.start),
            conductor.gemm.eq(self.gemm),
            conductor.advance.eq(advance),
            self.busy.eq(conductor.busy),
            a_port.advance.eq(advance),
            a_port.walk.eq(conductor.a_walk),
            b_port.advance.eq(advance),
            b_port.walk.eq(conductor.b_walk),
        ]

        # What the lanes need to know of a read travels beside it.
        beside = data.StructLayout(
            {
                "a_part": 1,
                "a_last": 1,
                "b_part": 1,
                "b_last": 1,
                "b_read": 1,
                "b_low_absent": 1,
                "token": token_layout(config),
                "token_valid": 1,
            }
        )
        now = Signal(beside)
        m.d.comb += [
            now.a_part.eq(conductor.a_part),
            now.a_last.eq(conductor.a_last),
            now.b_part.eq(conductor.b_part),
            now.b_last.eq(conductor.b_last),
            now.b_read.eq(conductor.b_walk.mask.as_value().any()),
            now.b_low_absent.eq(conductor.b_low_absent),
            now.token.eq(conductor.token),
            now.token_valid.eq(conductor.token_valid),
        ]
        for index in range(OperandPort.latency):
            after = Signal(beside, name=f"beside_{index + 1}")
            with m.If(advance):
                m.d.sync += after.eq(now)
            now = after

        self._build_a_lanes(m, a_port, advance, now)
        self._build_b_lanes(m, b_port, advance, now)
        with m.If(advance):
            m.d.sync += [self.steps.valid.eq(now.token_valid), self.steps.payload.eq(now.token)]
        return m

    def _build_a_lanes(self, m: Module, port: OperandPort, advance: Signal, now) -> None:
        banks = self._config.banks
        for index in range(self._config.a_lanes):
            lane = Signal(self.a.payload[index].shape(), name=f"a_lane_{index}")
            plane = Signal(PLANE_BITS, name=f"a_plane_{index}")
            slot = port.slots[index % banks]
            m.d.comb += [plane.eq(slot.plane), self.a.payload[index].eq(lane)]
            with m.If(advance & (now.a_part == index // banks)):
                m.d.sync += [
                    lane.plane.eq(transposed_plane(plane, self.gemm.a_transposed)),
                    lane.exponent.eq(slot.exponent),
                ]
        # A step and its digit planes arrive in the same cycle.
        m.d.comb += self.a.valid.eq(self.steps.valid)

    def _build_b_lanes(self, m: Module, port: OperandPort, advance: Signal, now) -> None:
        """Two neighbouring digit planes make a byte plane; where they come in two cycles, the first one waits."""
        half = self._config.banks // 2
        for index in range(self._config.b_lanes):
            lane = Signal(self.b.payload[index].shape(), name=f"b_lane_{index}")
            waiting = Signal(Word, name=f"b_waiting_{index}")
            high = Signal(Word, name=f"b_high_{index}")
            low = Signal(PLANE_BITS, name=f"b_low_{index}")
            slot = port.slots[index]
            beside = port.slots[index + half].plane if index < half else slot.plane
            m.d.comb += [
                high.eq(Mux(now.b_part, waiting, slot)),
                low.eq(Mux(now.b_low_absent, 0, Mux(now.b_part, slot.plane, beside))),
                self.b.payload[index].eq(lane),
            ]
            with m.If(advance & now.b_read & ~now.b_last):
                m.d.sync += waiting.eq(slot)
            with m.If(advance & now.b_last):
                m.d.sync += [
                    lane.plane.eq(byte_plane(high.plane, low, self.gemm.b_transposed)),
                    lane.exponent.eq(high.exponent),
                ]
        held = Signal()
        with m.If(now.b_last & advance):
            m.d.sync += held.eq(1)
        with m.Elif(self.b.valid & self.b.ready):
            m.d.sync += held.eq(0)
        m.d.comb += self.b.valid.eq(held)
