"""The FP32 units against exact arithmetic, and the golden model and NumPy against the same."""

import random

import numpy as np
import pytest
from amaranth.sim import Simulator

from golden.real import run_program
from pinta_hw.real.adder import Adder
from pinta_hw.real.divider import Divider
from pinta_hw.real.multiplier import Multiplier
from pinta_hw.real.square_root import SquareRoot
from pinta_hw.spec.real import REAL_TIMING, RealOperation, RealStep
from tb.real.reference import NAN, SIGN, describe, exact_model, numpy_model
from tb.real.stream_units import OPERATIONS, StreamUnits
from tb.real.vectors import directed, random_pairs

PAIRS = 300
OPERATION = pytest.mark.parametrize("operation", list(RealOperation), ids=lambda operation: operation.value)
MINUS_0 = SIGN
SMALLEST, BELOW_SMALLEST = 0x00800000, 0x007FFFFF
LARGEST, INFINITY = 0x7F7FFFFF, 0x7F800000
ONE, AFTER_ONE, BEFORE_ONE, TWO = 0x3F800000, 0x3F800001, 0x3F7FFFFF, 0x40000000
HALF, HALF_PLACE, AFTER_HALF_PLACE = 0x3F000000, 0x33800000, 0x33800001  # half a place of 1 is 2^-24
BEFORE_TWO = 0x3FFFFFFF

# Operands, and the result as IEEE 754 with flushed subnormals has it; written down by hand.
CASES = [
    (RealOperation.ADD, ONE, HALF_PLACE, ONE),  # a tie goes to even
    (RealOperation.ADD, AFTER_ONE, HALF_PLACE, AFTER_ONE + 1),
    (RealOperation.ADD, ONE, AFTER_HALF_PLACE, AFTER_ONE),
    (RealOperation.ADD, BEFORE_TWO, HALF_PLACE, TWO),  # a carry through all bits
    (RealOperation.ADD, LARGEST, 0x73000000, INFINITY),  # 2^103, half a place
    (RealOperation.ADD, LARGEST, 0x72FFFFFF, LARGEST),
    (RealOperation.ADD, BELOW_SMALLEST, BELOW_SMALLEST, 0),  # not the normal number that IEEE 754 says
    (RealOperation.ADD, SMALLEST, BELOW_SMALLEST, SMALLEST),
    (RealOperation.ADD, ONE, 0x2F800000, ONE),  # 32 places apart
    (RealOperation.ADD, MINUS_0, MINUS_0, MINUS_0),
    (RealOperation.ADD, SIGN | BELOW_SMALLEST, MINUS_0, MINUS_0),
    (RealOperation.ADD, 0, MINUS_0, 0),
    (RealOperation.ADD, INFINITY, SIGN | INFINITY, NAN),
    (RealOperation.SUBTRACT, ONE, ONE, 0),
    (RealOperation.SUBTRACT, SIGN | ONE, SIGN | ONE, 0),
    (RealOperation.SUBTRACT, MINUS_0, 0, MINUS_0),
    (RealOperation.SUBTRACT, ONE, BEFORE_ONE, HALF_PLACE),
    (RealOperation.SUBTRACT, ONE, 0x33000000, ONE),  # 2^-25, half a place of the result below 1: a tie
    (RealOperation.SUBTRACT, ONE, 0x33000001, BEFORE_ONE),
    (RealOperation.SUBTRACT, SMALLEST, SMALLEST + 1, MINUS_0),  # -2^-149
    (RealOperation.SUBTRACT, INFINITY, INFINITY, NAN),
    (RealOperation.MULTIPLY, AFTER_ONE, BEFORE_ONE, ONE),  # 1 + 2^-24 - 2^-47: just below the middle
    (RealOperation.MULTIPLY, 0x3F820001, 0x3F800260, 0x3F82026B),  # the lowest 12 bits decide that it is no tie
    (RealOperation.MULTIPLY, 0x3FC00000, 0x3FC40001, 0x40130001),  # of a product above 2, one bit decides
    (RealOperation.MULTIPLY, BEFORE_TWO, BEFORE_TWO, 0x407FFFFE),  # 4 - 2^-21 + 2^-46
    (RealOperation.MULTIPLY, SMALLEST, BEFORE_ONE, SMALLEST),  # 2^-126 - 2^-150: rounds up before it is flushed
    (RealOperation.MULTIPLY, SMALLEST, BEFORE_ONE - 1, 0),
    (RealOperation.MULTIPLY, SIGN | SMALLEST, HALF, MINUS_0),
    (RealOperation.MULTIPLY, BELOW_SMALLEST, TWO, 0),
    (RealOperation.MULTIPLY, LARGEST, AFTER_ONE, INFINITY),
    (RealOperation.MULTIPLY, LARGEST, 0x3FC00000, INFINITY),
    (RealOperation.MULTIPLY, INFINITY, BELOW_SMALLEST, NAN),  # infinity times zero
    (RealOperation.DIVIDE, ONE, 0x40400000, 0x3EAAAAAB),
    (RealOperation.DIVIDE, 0x00FFFFFF, TWO, SMALLEST),  # 2^-126 - 2^-150
    (RealOperation.DIVIDE, 0x00FFFFFE, TWO, 0),
    (RealOperation.DIVIDE, SIGN | ONE, 0, SIGN | INFINITY),
    (RealOperation.DIVIDE, 0, BELOW_SMALLEST, NAN),
    (RealOperation.DIVIDE, ONE, SIGN | INFINITY, MINUS_0),
    (RealOperation.DIVIDE, LARGEST, HALF, INFINITY),
    (RealOperation.SQUARE_ROOT, TWO, 0, 0x3FB504F3),
    (RealOperation.SQUARE_ROOT, 0x40800000, 0, TWO),
    (RealOperation.SQUARE_ROOT, BEFORE_ONE, 0, BEFORE_ONE),
    (RealOperation.SQUARE_ROOT, SIGN | ONE, 0, NAN),
    (RealOperation.SQUARE_ROOT, SIGN | BELOW_SMALLEST, 0, MINUS_0),
    (RealOperation.SQUARE_ROOT, SIGN | INFINITY, 0, NAN),
]


def simulate(operation, pairs, rng=None, offer=0.7, accept=0.7):
    """The gateware as a function: results, and the cycles when operands entered and results left.

    With ``rng`` the probabilities of offering and accepting apply. An offered result must stay until it is taken.
    """
    dut = StreamUnits()
    results, entered, left = [], [], []
    meaningless = random.Random(1)  # what stands at the input without valid

    async def drive(ctx):
        operands = dut.i.p.as_value()
        ctx.set(dut.operation, OPERATIONS.index(operation))
        sent, offered, held, cycle = 0, False, None, 0
        while len(results) < len(pairs):
            if not offered:
                offered = sent < len(pairs) and (rng is None or rng.random() < offer)
                a, b = pairs[sent] if offered else (meaningless.getrandbits(32), meaningless.getrandbits(32))
                ctx.set(operands, b << 32 | a)
            ctx.set(dut.i.valid, offered)
            ctx.set(dut.o.ready, rng is None or rng.random() < accept)
            ready, valid, taken, packed = (
                await ctx.tick().sample(dut.i.ready, dut.o.valid, dut.o.ready, dut.o.p.as_value())
            )[2:]
            assert held is None or (valid and packed == held), f"cycle {cycle}: an offered result changed"
            held = packed if valid and not taken else None
            if offered and ready:
                entered.append(cycle)
                sent, offered = sent + 1, False
            if valid and taken:
                results.append(packed)
                left.append(cycle)
            cycle += 1
            assert cycle < 100 + 60 * len(pairs), f"stuck after {len(results)} of {len(pairs)} results"

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(drive)
    simulator.run()
    return results, entered, left


def check(operation, pairs, results):
    for number, ((a, b), result) in enumerate(zip(pairs, results, strict=True)):
        expected = exact_model(operation, a, b)
        assert result == expected, (
            f"number {number}: {operation.value} of {describe(a)} and {describe(b)} is {describe(result)}, "
            f"expected {describe(expected)}"
        )


def sample(operation, count):
    """As many directed pairs as random ones."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    a, b = directed()
    chosen = rng.choice(len(a), count // 2, replace=False)
    pairs = zip(a[chosen].tolist(), b[chosen].tolist(), strict=True)
    more = zip(*(side.tolist() for side in random_pairs(operation, count // 2, rng)), strict=True)
    return [*pairs, *more], random.Random(seed)


@OPERATION
def test_cases(operation):
    cases = [case[1:] for case in CASES if case[0] is operation]
    results, _, _ = simulate(operation, [(a, b) for a, b, _ in cases])
    for (a, b, expected), result in zip(cases, results, strict=True):
        assert result == expected, f"{describe(a)}, {describe(b)}: {describe(result)}, expected {describe(expected)}"
        assert exact_model(operation, a, b) == expected


@OPERATION
def test_pace(operation):
    pairs, _ = sample(operation, PAIRS)
    results, entered, left = simulate(operation, pairs)
    check(operation, pairs, results)
    timing = REAL_TIMING[operation]
    assert entered == [number * timing.interval_cycles for number in range(len(pairs))]
    assert left == [cycle + timing.latency_cycles for cycle in entered]


@pytest.mark.parametrize(
    ("offer", "accept"), [(0.3, 1.0), (1.0, 0.06), (0.5, 0.5)], ids=["gaps", "stalls", "gaps and stalls"]
)
@OPERATION
def test_traffic_with(operation, offer, accept):
    pairs, rng = sample(operation, PAIRS // 5)
    results, entered, left = simulate(operation, pairs, rng, offer, accept)
    check(operation, pairs, results)
    latencies = [end - start for start, end in zip(entered, left, strict=True)]
    assert min(latencies) >= REAL_TIMING[operation].latency_cycles
    if accept == 1.0:
        assert max(latencies) == REAL_TIMING[operation].latency_cycles


@pytest.mark.parametrize("component", [Adder, Multiplier])
def test_a_frozen_pipeline_holds(component):
    """Without `advance` nothing enters, nothing leaves, and what is inside stays."""
    dut = component()

    async def drive(ctx):
        ctx.set(dut.valid, 1)
        ctx.set(dut.advance, 1)
        ctx.set(dut.operands.a.as_value(), ONE)
        ctx.set(dut.operands.b.as_value(), TWO)
        await ctx.tick()
        ctx.set(dut.advance, 0)
        for _ in range(dut.latency + 2):  # offered, but not taken
            ctx.set(dut.operands.a.as_value(), ~ONE)
            await ctx.tick()
            assert not ctx.get(dut.result_valid)
        ctx.set(dut.valid, 0)
        ctx.set(dut.advance, 1)
        for cycle in range(dut.latency + 2):
            assert ctx.get(dut.result_valid) == (cycle == dut.latency - 1)
            if ctx.get(dut.result_valid):
                expected = 0x40400000 if component is Adder else TWO
                assert ctx.get(dut.result.as_value()) == expected
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(drive)
    simulator.run()


@pytest.mark.parametrize("component", [Divider, SquareRoot])
def test_a_stalled_unit_holds_two_operations(component):
    """One result offered, one behind it; when the stall ends both come, and no third was taken."""
    dut = component()
    operation = RealOperation.DIVIDE if component is Divider else RealOperation.SQUARE_ROOT
    numbers = (0x41100000, 0x41800000)  # 9, 16

    async def drive(ctx):
        taken = 0
        for _ in range(4 * dut.interval):
            ctx.set(dut.i.valid, 1)
            ctx.set(dut.i.p.as_value(), (ONE << 32 if component is Divider else 0) | numbers[taken % 2])
            taken += ctx.get(dut.i.ready)
            await ctx.tick()
        assert taken == 2 and ctx.get(dut.o.valid)
        ctx.set(dut.i.valid, 0)
        ctx.set(dut.o.ready, 1)
        for number in numbers:
            assert ctx.get(dut.o.valid)
            assert ctx.get(dut.o.p.as_value()) == exact_model(operation, number, ONE)
            await ctx.tick()
        assert not ctx.get(dut.o.valid)

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(drive)
    simulator.run()


@OPERATION
def test_numpy_and_golden_model(operation):
    """Both are what exact arithmetic says, in every class of operands; golden models see the same bits as gateware."""
    pairs, _ = sample(operation, 4000)
    a, b = (np.array(side, dtype=np.uint32) for side in zip(*pairs, strict=True))
    expected = np.array([exact_model(operation, *pair) for pair in pairs], dtype=np.uint32)
    operands = ("a",) if operation is RealOperation.SQUARE_ROOT else ("a", "b")
    registers = run_program(
        (RealStep("result", operation, operands),), {"a": a.view(np.float32), "b": b.view(np.float32)}
    )
    assert np.array_equal(numpy_model(operation, a, b), expected)
    assert np.array_equal(registers["result"].view(np.uint32), expected)
