"""A child that its parent resets, and the sequence that does so only when the memory owes nothing."""

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from pinta_hw.control.counter import Counter
from pinta_hw.host.reset_sequence import ResetSequence
from pinta_hw.placement import place
from rtl_gen.verilog import modules


class Pair(wiring.Component):
    """Two counters, one of which is reset."""

    reset: In(1)
    kept: Out(64)
    restarted: Out(64)

    def elaborate(self, platform):
        m = Module()
        for name, reset in (("kept", None), ("restarted", self.reset)):
            counter = place(m, f"{name}_counter", Counter(), platform, reset)
            m.d.comb += [counter.enable.eq(1), getattr(self, name).eq(counter.value)]
        return m


def test_a_parent_resets_one_child():
    dut = Pair()
    simulator = Simulator(dut)
    simulator.add_clock(1e-9)

    async def testbench(ctx):
        await ctx.tick().repeat(5)
        ctx.set(dut.reset, 1)
        await ctx.tick()
        ctx.set(dut.reset, 0)
        assert (ctx.get(dut.kept), ctx.get(dut.restarted)) == (6, 0)
        await ctx.tick().repeat(3)
        assert (ctx.get(dut.kept), ctx.get(dut.restarted)) == (9, 3)

    simulator.add_testbench(testbench)
    simulator.run()


def test_equal_children_share_a_module_whoever_resets_them():
    texts = modules(Pair(), "pair")
    assert list(texts) == ["pair_counter", "pair"]
    assert texts["pair"].count(".rst(rst)") == 1
    assert "rst | reset" in texts["pair"] or "reset | rst" in texts["pair"]


def test_the_carry_of_a_counter_is_not_lost():
    """The upper half follows a cycle later; a cleared counter carries nothing over."""
    dut = Counter()
    simulator = Simulator(dut)
    simulator.add_clock(1e-9)

    async def testbench(ctx):
        ctx.set(dut.value, (1 << 32) - 2)
        ctx.set(dut.enable, 1)
        await ctx.tick().repeat(3)
        ctx.set(dut.enable, 0)
        await ctx.tick()
        assert ctx.get(dut.value) == (1 << 32) + 1
        ctx.set(dut.value, (1 << 32) - 1)
        ctx.set(dut.enable, 1)
        ctx.set(dut.clear, 1)
        await ctx.tick()
        ctx.set(dut.enable, 0)
        ctx.set(dut.clear, 0)
        await ctx.tick().repeat(2)
        assert ctx.get(dut.value) == 0

    simulator.add_testbench(testbench)
    simulator.run()


def test_the_reset_waits_for_the_memory():
    dut = ResetSequence()
    simulator = Simulator(dut)
    simulator.add_clock(1e-9)

    async def testbench(ctx):
        seen = []
        for cycle in range(10):
            ctx.set(dut.request, cycle in (1, 3))
            ctx.set(dut.quiet, cycle >= 6)
            _, _, resetting, reset = await ctx.tick().sample(dut.resetting, dut.reset)
            seen.append((resetting, reset))
        assert seen == [(0, 0)] * 2 + [(1, 0)] * 5 + [(1, 1)] + [(0, 0)] * 2

    simulator.add_testbench(testbench)
    simulator.run()
