"""GEMMs whose results go to real memory, in the Amaranth simulator: words and cycles."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from amaranth.sim import Simulator

from golden.gemm import accumulate
from golden.real import rounded, run_program
from golden.smx import SmxMatrix
from pinta_hw.gemm_unit import GemmUnit
from pinta_hw.results.quantizer import ACCUMULATOR_REBIAS
from pinta_hw.results.real_rounding import RealRounding
from pinta_hw.results.real_writer import RealWriter
from pinta_hw.spec.accumulator import ACCUMULATOR_BITS, PAIR_EXPONENT_BITS
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.formats import SMX_BITS
from pinta_hw.spec.isa.gemm import Gemm, RealResult, encode
from pinta_hw.spec.isa.real_memory import REAL_GROUPS
from pinta_hw.spec.layout import TensorLayout, place
from pinta_hw.spec.presets import load_config
from pinta_hw.spec.real import FLOAT32_BIAS, RealOperation, RealStep
from pinta_hw.spec.timing import PIPELINE, GemmShape, gemm_cycles
from tb.gemm.image import ScratchpadImage
from tb.matrices import random_matrix
from tb.unit_top import UnitTop, read_real, read_scratchpad, run_unit, write_real, write_scratchpad

CONFIG = load_config("tiny")
ADD = (RealStep("sum", RealOperation.ADD, ("old", "new")),)
MARGIN = 8
"""Words around a result that must not change."""


@dataclass(frozen=True)
class Product:
    """One GEMM with a result in real memory (or in SMX-``bits``)."""

    a: SmxMatrix
    b: SmxMatrix
    grouping: int
    accumulate: bool = False
    gap: int = 0
    """Words between the rows of the result."""
    base: int = MARGIN
    bits: int | None = None
    transposed: bool = False
    """The operand a."""
    turned: bool = False
    """The result."""
    apart: bool = False
    """What it is added to lies in another group."""

    @property
    def name(self) -> str:
        (m, k), n = self.a.shape, self.b.shape[1]
        return f"{m}x{k} {k}x{n} {self.a.bits} x {self.b.bits} bits, {'added' if self.accumulate else 'written'}"

    def instruction(self) -> Gemm:
        (m, k), n = self.a.shape, self.b.shape[1]
        a = place(CONFIG, 0, *((k, m) if self.transposed else (m, k)), self.a.bits)
        b = place(CONFIG, CONFIG.group_words, k, n, self.b.bits)
        result: TensorLayout | RealResult = RealResult(
            self.base, m, n, (m if self.turned else n) + self.gap, self.accumulate, self.turned, self.addend
        )
        if self.bits is not None:
            result = place(CONFIG, 2 * CONFIG.group_words, m, n, self.bits)
        return Gemm(a.transposed() if self.transposed else a, b, result, self.grouping, self.transposed)

    @property
    def addend(self) -> int | None:
        """Where the old words lie: in the next group."""
        words = REAL_GROUPS * CONFIG.real_group_words
        return (self.base + CONFIG.real_group_words) % words if self.apart else None

    def image(self) -> ScratchpadImage:
        image, gemm = ScratchpadImage(CONFIG), self.instruction()
        image.store(gemm.a.transposed() if self.transposed else gemm.a, self.a.T if self.transposed else self.a)
        image.store(gemm.b, self.b)
        return image

    def expected(self, before: np.ndarray, old: np.ndarray) -> np.ndarray:
        """Words from ``base - MARGIN`` on after the product; ``old`` are those around the addend."""
        value = rounded(accumulate(self.a, self.b).to_float(), np.float32)
        value = value.T if self.turned else value
        rows, columns = value.shape
        index = MARGIN + np.arange(rows)[:, None] * (columns + self.gap) + np.arange(columns)
        if self.accumulate:
            value = run_program(ADD, {"old": old[index].view(np.float32), "new": value})["sum"]
        after = before.copy()
        after[index] = value.view(np.uint32)
        return after


def run(products: list[Product], rng: np.random.Generator) -> None:
    """Run products one after the other, on random numbers in real memory, and compare words and cycles."""
    dut = UnitTop(CONFIG, GemmUnit(CONFIG), "gemm", ("a_memory", "b_memory"), ("result_memory",))

    async def bench(ctx):
        for product in products:
            gemm = product.instruction()
            await write_scratchpad(ctx, dut, product.image())
            (m, _), n = product.a.shape, product.b.shape[1]
            rows, columns = (n, m) if product.turned else (m, n)
            words = (rows - 1) * (columns + product.gap) + columns + 2 * MARGIN
            before = random_words(rng, words)
            await write_real(ctx, dut, product.base - MARGIN, before)
            old = before
            if product.addend is not None:
                old = random_words(rng, words)
                await write_real(ctx, dut, product.addend - MARGIN, old)
            cycles, nan = await run_unit(ctx, dut, encode(CONFIG, gemm))
            sums = accumulate(product.a, product.b)
            if product.bits is None:
                after = await read_real(ctx, dut, product.base - MARGIN, words)
                wrong = np.flatnonzero(after != (expected := product.expected(before, old)))
                assert not len(wrong), (
                    f"{product.name}: word {wrong[0] - MARGIN}: {after[wrong[0]]:08x}, "
                    f"expected {expected[wrong[0]]:08x}; {len(wrong)} wrong"
                )
                assert nan == sums.nan.any(), product.name
            else:
                layout, image = gemm.result, ScratchpadImage(CONFIG)
                await read_scratchpad(ctx, dut, image, range(layout.base, layout.base + layout.words))
                assert image.load(layout, (m, n)).equals(sums.quantize(product.bits)), product.name
            assert cycles == gemm_cycles(CONFIG, CONFIG.groupings[product.grouping], GemmShape.of(gemm)), product.name

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()


def random_words(rng: np.random.Generator, count: int) -> np.ndarray:
    """FP32 numbers over many magnitudes, some of them zeros, infinities and NaN."""
    words = np.ldexp(rng.standard_normal(count), rng.integers(-40, 40, count)).astype(np.float32).view(np.uint32)
    special = np.array([0, 0x80000000, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFFFFFFF], dtype=np.uint32)
    chosen = rng.random(count) < 0.05
    return np.where(chosen, rng.choice(special, count), words).astype(np.uint32)


def operands(rng: np.random.Generator, m: int, n: int, k: int, a_bits: int, b_bits: int, **kinds):
    return random_matrix(rng, (m, k), a_bits, nan_blocks=0.03, **kinds), random_matrix(rng, (k, n), b_bits, **kinds)


def test_latencies_are_those_of_the_timing_formulas():
    assert PIPELINE.real_writer == RealWriter.latency
    assert PIPELINE.real_writer_accumulate == RealWriter.latency_accumulate
    assert PIPELINE.real_writer_apart == RealWriter.latency_apart


def test_products_equal_golden_in_the_predicted_cycles():
    seed = 200
    print("seed", seed)
    rng = np.random.default_rng(seed)
    shapes = [
        (8, 8, 16, 8, 8),
        (9, 5, 7, 8, 8),
        (3, 13, 9, 12, 4),
        (1, 1, 1, 4, 4),
        (22, 3, 12, 4, 8),
        (6, 30, 4, 8, 16),
    ]
    products = []
    for index, (m, n, k, a_bits, b_bits) in enumerate(shapes):
        a, b = operands(rng, m, n, k, a_bits, b_bits)
        for grouping in range(len(CONFIG.groupings)):
            base = MARGIN + len(products) % REAL_GROUPS * CONFIG.real_group_words + index
            written = Product(a, b, grouping, gap=index % 3, base=base, transposed=(index + grouping) % 2 == 0)
            products += [written, replace(written, accumulate=True)]
            products += [replace(each, turned=True) for each in products[-2:]]
            products += [replace(each, apart=True) for each in products[-3:] if each.accumulate]
        # A result in the scratchpad in between.
        products.append(replace(written, bits=SMX_BITS[index % len(SMX_BITS)]))
    run(products, rng)


def test_sums_of_tiles_that_are_multiplied_in_an_odd_number_of_cycles():
    """One tile follows the other after its accesses, or before, or in between, at either turn."""
    seed = 210
    print("seed", seed)
    rng = np.random.default_rng(seed)
    products = []
    for grouping in range(len(CONFIG.groupings)):
        for k in (4, 12, 28, 60):
            a, b = operands(rng, 10, 14, k, 4, 8)
            for turned, apart in ((False, False), (True, False), (False, True)):
                products.append(Product(a, b, grouping, accumulate=True, turned=turned, apart=apart))
    run(products, rng)


def test_exponents_at_both_ends():
    seed = 220
    print("seed", seed)
    rng = np.random.default_rng(seed)
    products = []
    for low, high in ((0, 3), (60, 64), (120, 140), (185, 195), (250, 254)):
        a, b = operands(rng, 8, 8, 8, 16, 8, exponents=(low, high))
        products += [
            Product(a, b, 0),
            Product(a, b, 1, accumulate=True, base=REAL_GROUPS * CONFIG.real_group_words - 90),
        ]
    run(products, rng)


def test_rounding_of_integers():
    """Zeros at any exponent, ties, both signs, both ends of the range, and NaN."""
    rebias = ACCUMULATOR_REBIAS
    lowest = rebias - 31  # exponent at which the highest bit of a mantissa is worth 2^-127
    numbers = [(0, exponent, False) for exponent in (0, 200, 508)]
    numbers += [(5, 200, True), (0, 0, True), (-5, 508, True)]
    for magnitude in (1, 3, (1 << 24) + 1, (1 << 25) + 2, (1 << 25) + 6, (1 << 25) + 7, (1 << 31) - 1, (1 << 31) - 64):
        numbers += [(sign * magnitude, 144, False) for sign in (-1, 1)]
    for mantissa in (-(1 << 31), 1 << 30, (1 << 30) + 64, (1 << 30) + 65, -((1 << 31) - 1), (1 << 31) - 128, 1):
        numbers += [(mantissa, max(0, lowest + offset), False) for offset in (*range(-4, 5), 252, 253, 254, 255, 256)]
    dut = RealRounding(ACCUMULATOR_BITS, PAIR_EXPONENT_BITS, rebias)
    results = []

    async def bench(ctx):
        for cycle in range(len(numbers) + dut.latency):
            mantissa, exponent, nan = numbers[min(cycle, len(numbers) - 1)]
            ctx.set(dut.mantissa, mantissa)
            ctx.set(dut.exponent, exponent)
            ctx.set(dut.nan, nan)
            ctx.set(dut.valid, cycle < len(numbers))
            assert ctx.get(dut.result_valid) == (cycle >= dut.latency)
            if cycle >= dut.latency:
                results.append(ctx.get(dut.result.as_value()))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()
    mantissas, exponents, nans = (np.array(column) for column in zip(*numbers, strict=True))
    values = np.where(nans, np.nan, np.ldexp(mantissas.astype(np.float64), exponents - (rebias + FLOAT32_BIAS)))
    for number, found, expected in zip(numbers, results, rounded(values, np.float32).view(np.uint32), strict=True):
        assert found == expected, f"{number}: {found:08x}, expected {expected:08x}"


def test_a_result_too_long_is_refused():
    a, b = operands(np.random.default_rng(1), 4, 4, 4, 8, 8)
    gemm = Product(a, b, 0).instruction()
    with pytest.raises(UserError, match="row blocks"):
        replace(gemm, result=RealResult(0, 5, 4, 4))
