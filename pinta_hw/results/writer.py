"""The writer: puts quantized blocks where the result's layout wants them."""

from amaranth import Array, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from pinta_hw.instruction import gemm_layout
from pinta_hw.memory.scratchpad import Word, WriteSignature, group_of
from pinta_hw.memory.walk import Walk, walk_layout
from pinta_hw.placement import place
from pinta_hw.smx import QuantizedBlock
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.formats import SMX_BITS, SmxFormat
from pinta_hw.spec.timing import write_cycles

from .beat_walk import beat_layout


class Writer(wiring.Component):
    """Writes the digit planes of the beats of one GEMM.

    Latency: `latency` cycles from a beat to its (last) write. Throughput: a beat a cycle, or one in two cycles for
    SMX-12 and SMX-16 (`spec.timing.write_cycles`).

    Members
    -------
    gemm : In
        Stays constant until `done`.
    beat : In
        Place of the beat at `blocks`.
    blocks : In
        The beats; one is taken in the last of its cycles.
    memory : Out
        The scratchpad client.
    done : Out(1)
        The last result is being written in this cycle.
    """

    latency = 2

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "gemm": In(gemm_layout(config)),
                "beat": In(beat_layout(config)),
                "blocks": In(stream.Signature(data.ArrayLayout(QuantizedBlock(), config.quantizers))),
                "memory": Out(WriteSignature(config)),
                "done": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config, gemm, beat = self._config, self.gemm, self.beat
        quantizers = config.quantizers

        phase, phase_last, has_second = Signal(), Signal(), Signal()
        with m.Switch(gemm.result_width):
            for code, bits in enumerate(SMX_BITS):
                planes = SmxFormat(bits).planes
                with m.Case(code):
                    m.d.comb += [
                        phase_last.eq(phase == write_cycles(bits) - 1),
                        has_second.eq(Mux(phase, planes > 3, planes > 1)),
                    ]
        m.d.comb += self.blocks.ready.eq(phase_last)
        with m.If(self.blocks.valid):
            m.d.sync += phase.eq(~phase_last)

        # Two planes of a beat a cycle: slots of the first half take the lower one.
        walk = place(m, "walk", Walk(config), platform)
        request = Signal(walk_layout(config))
        plane_offset = Signal(ceil_log2(config.scratchpad_words))
        m.d.comb += [
            plane_offset.eq(Mux(phase, gemm.result_plane_stride << 1, 0)),
            request.first.eq(beat.address + plane_offset),
            request.second.eq(request.first + gemm.result_plane_stride),
            request.stride.eq(beat.stride),
            request.group.eq(group_of(config, beat.address)),
        ]
        registered = Signal(walk_layout(config))
        words = [Signal(Word, name=f"word_{slot}") for slot in range(config.banks)]
        at_walk = [Signal(Word, name=f"at_walk_{slot}") for slot in range(config.banks)]
        for slot in range(config.banks):
            block = self.blocks.payload[slot % quantizers]
            present = (slot % quantizers < beat.count) & (has_second if slot >= quantizers else 1)
            low, high = (block.planes[slot // quantizers + 2 * p] for p in range(2))
            m.d.comb += request.mask[slot].eq(self.blocks.valid & present)
            m.d.sync += [words[slot].plane.eq(Mux(phase, high, low)), words[slot].exponent.eq(block.exponent)]
            m.d.sync += at_walk[slot].eq(words[slot])
        last_registered = Signal()
        m.d.sync += [
            registered.eq(request),
            last_registered.eq(self.blocks.valid & phase_last & beat.last),
            self.done.eq(last_registered),
        ]
        m.d.comb += [walk.walk.eq(registered), walk.advance.eq(1), self.memory.group.eq(walk.group)]
        for bank in range(config.banks):
            m.d.comb += [
                self.memory.enable[bank].eq(walk.enable[bank]),
                self.memory.row[bank].eq(walk.row[bank]),
                self.memory.data[bank].eq(Array(at_walk)[walk.slot_of_bank[bank]]),
            ]
        return m
