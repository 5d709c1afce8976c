"""The PE array: block units that regroup for skinny products."""

from amaranth import Array, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from pinta_hw.placement import place
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.formats import NAN_EXPONENT
from pinta_hw.spec.grouping import coordinates

from .block_unit import BlockUnit
from .control import AccumulatorBlock
from .drain import Drain
from .lanes import a_lanes_layout, b_lanes_layout
from .token import token_layout


class PeArray(wiring.Component):
    """``units`` block units in any of the configured groupings, output-stationary.

    A step takes one digit plane of every A lane and uses the byte plane that every B lane holds; the
    byte planes leave with the step marked `b_done`. Results leave ``quantizers`` blocks at a time.
    While results cannot leave, a finished tile waits in the accumulators and everything stands still.

    Latency: ``BlockUnit.latency + 1`` cycles from a tile's last step to its first result.
    Throughput: one step a cycle.

    Members
    -------
    a, b, steps : In
        Operand lanes and the steps that use them.
    results : Out
        Accumulator blocks of ``quantizers`` neighbouring block rows (or columns, see `spec.grouping`).
    """

    def __init__(self, config: AcceleratorConfig):
        self._config = config
        super().__init__(
            {
                "a": In(stream.Signature(a_lanes_layout(config))),
                "b": In(stream.Signature(b_lanes_layout(config))),
                "steps": In(stream.Signature(token_layout(config))),
                "results": Out(stream.Signature(data.ArrayLayout(AccumulatorBlock(), config.quantizers))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self._config
        units = [place(m, f"unit_{index}", BlockUnit(), platform) for index in range(config.units)]
        drain = place(m, "drain", Drain(config), platform)
        wiring.connect(m, wiring.flipped(self.results), drain.results)

        token = self.steps.payload
        fire = Signal()
        m.d.comb += [
            fire.eq(drain.advance & self.steps.valid & self.a.valid & self.b.valid),
            self.steps.ready.eq(drain.advance & self.a.valid & self.b.valid),
            self.a.ready.eq(drain.advance & self.steps.valid & self.b.valid),
            self.b.ready.eq(drain.advance & self.steps.valid & self.a.valid & token.b_done),
            drain.tile.eq(token.tile),
            drain.complete.eq(units[0].complete),
        ]

        a_lanes = [self._build_lane(m, f"a_{n}", fire, self.a.payload[n]) for n in range(config.a_lanes)]
        b_lanes = [self._build_lane(m, f"b_{n}", fire, self.b.payload[n]) for n in range(config.b_lanes)]
        for index, unit in enumerate(units):
            places = [coordinates(config, grouping, index) for grouping in config.groupings]
            a = self._build_choice(m, f"a_of_{index}", a_lanes, [row for row, _ in places])
            b = self._build_choice(m, f"b_of_{index}", b_lanes, [column for _, column in places])
            m.d.comb += [
                unit.a.eq(a.plane),
                unit.b.eq(b.plane),
                unit.control.eq(token.control),
                unit.control.valid.eq(fire & token.control.valid),
                unit.pair_exponent.eq(a.exponent + b.exponent),
                unit.zero.eq(a.zero | b.zero),
                unit.nan.eq(a.nan | b.nan),
                unit.advance.eq(drain.advance),
                unit.capture.eq(drain.capture),
                drain.blocks[index].eq(unit.result),
            ]
        return m

    def _build_lane(self, m: Module, name: str, fire: Signal, lane):
        """The lane with its flags: NaN, and whether every plane of this k-block has been zero so far."""
        marked = Signal(
            data.StructLayout({"plane": len(lane.plane), "exponent": len(lane.exponent), "zero": 1, "nan": 1}),
            name=f"lane_{name}",
        )
        zero_before = Signal(name=f"zero_before_{name}")
        first = self.steps.payload.control.first
        m.d.comb += [
            marked.plane.eq(lane.plane),
            marked.exponent.eq(lane.exponent),
            marked.nan.eq(lane.exponent == NAN_EXPONENT),
            marked.zero.eq((first | zero_before) & ~lane.plane.any()),
        ]
        with m.If(fire):
            m.d.sync += zero_before.eq(marked.zero)
        return marked

    def _build_choice(self, m: Module, name: str, lanes: list, indices: list[int]):
        """The lane that a unit listens to in each grouping."""
        if len(set(indices)) == 1:
            return lanes[indices[0]]
        choice = Signal(lanes[0].shape(), name=name)
        m.d.comb += choice.eq(Array(lanes[n] for n in indices)[self.steps.payload.tile.grouping])
        return choice
