"""The drain: hands finished tiles over, beat by beat."""

from amaranth import Array, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.grouping import drains_by_columns

from .block_unit import BlockUnit
from .control import AccumulatorBlock
from .token import tile_layout


class Drain(wiring.Component):
    """Moves a finished tile into the result registers and sends its blocks on.

    A beat takes one cycle, or two where the scratchpad's writer needs them (`spec.timing.write_cycles`), or until it
    is taken; blocks outside the result are left out a whole beat at a time.

    Latency: one cycle from `complete` to the first beat. Throughput: a beat a cycle.

    Members
    -------
    tile : In
        The tile of the step that enters the array now.
    complete : In(1)
        The accumulators hold a finished tile.
    blocks : In
        The result registers of the units.
    capture : Out(1)
        Load the result registers.
    advance : Out(1)
        The array may move.
    results : Out
        The beats.
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "tile": In(tile_layout(config)),
                "complete": In(1),
                "blocks": In(AccumulatorBlock()).array(config.units),
                "capture": Out(1),
                "advance": Out(1),
                "results": Out(stream.Signature(data.ArrayLayout(AccumulatorBlock(), config.quantizers))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self._config
        quantizers = config.quantizers

        # The tile travels beside its steps, to arrive together with `complete`.
        completed = self.tile
        for stage in range(BlockUnit.latency):
            after = Signal(tile_layout(config), name=f"tile_{stage + 1}")
            with m.If(self.advance):
                m.d.sync += after.eq(completed)
            completed = after

        # Beats: `inner` counts along the direction of a beat, `outer` across it.
        draining = Signal(tile_layout(config))
        inner = Signal(range(config.units))
        outer = Signal(range(config.units))
        inner_last = Signal.like(inner)
        outer_last = Signal.like(outer)
        run = Signal(range(config.units + 1))
        with m.Switch(draining.grouping):
            for code, grouping in enumerate(config.groupings):
                by_columns = drains_by_columns(config, grouping)
                along, across = (draining.rows, draining.columns) if by_columns else (draining.columns, draining.rows)
                length = grouping.rows if by_columns else grouping.columns
                with m.Case(code):
                    m.d.comb += [
                        inner_last.eq(along // quantizers),
                        outer_last.eq(across),
                        run.eq(length // quantizers),
                    ]

        busy = Signal()
        pause = Signal()
        beat_end = Signal()
        tile_end = Signal()
        first_of_outer = Signal(range(config.units))
        m.d.comb += [
            self.results.valid.eq(busy & ~pause),
            beat_end.eq(pause | (self.results.valid & self.results.ready & ~draining.slow_write)),
            tile_end.eq(beat_end & (inner == inner_last) & (outer == outer_last)),
            self.capture.eq(self.complete & (~busy | tile_end)),
            self.advance.eq(~self.complete | self.capture),
        ]
        m.d.sync += pause.eq(self.results.valid & self.results.ready & draining.slow_write)
        with m.If(self.capture):
            m.d.sync += [busy.eq(1), draining.eq(completed), inner.eq(0), outer.eq(0), first_of_outer.eq(0)]
        with m.Elif(tile_end):
            m.d.sync += busy.eq(0)
        with m.Elif(beat_end):
            wrap = inner == inner_last
            m.d.sync += [
                inner.eq(Mux(wrap, 0, inner + 1)),
                outer.eq(outer + wrap),
                first_of_outer.eq(Mux(wrap, first_of_outer + run, first_of_outer)),
            ]

        beat = Signal(range(config.units // quantizers))
        m.d.comb += beat.eq(first_of_outer + inner)
        for index in range(quantizers):
            choices = Array(self.blocks[unit] for unit in range(index, config.units, quantizers))
            m.d.comb += self.results.payload[index].eq(choices[beat])
        return m
