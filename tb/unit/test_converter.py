"""The converter in the Amaranth simulator: tensors, words and cycles."""

from dataclasses import dataclass

import numpy as np
import pytest
from amaranth.sim import Simulator

from golden.quantize import quantize
from golden.real import rounded
from golden.smx import SmxMatrix
from pinta_hw.convert.converter import Converter
from pinta_hw.spec.convert_timing import convert_cycles, whole_rows
from pinta_hw.spec.formats import SMX_BITS
from pinta_hw.spec.isa.convert import Decode, Encode, convert_fields, convert_values
from pinta_hw.spec.isa.fields import pack
from pinta_hw.spec.isa.real_memory import RealView
from pinta_hw.spec.layout import place
from pinta_hw.spec.presets import load_config
from tb.gemm.image import ScratchpadImage
from tb.matrices import random_matrix
from tb.unit_top import UnitTop, read_real, read_scratchpad, run_unit, write_real, write_scratchpad

CONFIG = load_config("tiny")
BITS = pytest.mark.parametrize("bits", SMX_BITS)
MARGIN = 8
NAN, INFINITY = 0x7FC00000, 0x7F800000


def simulate(testbench) -> None:
    """Run a test bench on a converter with its memories."""
    dut = UnitTop(CONFIG, Converter(CONFIG), "convert", ("source_memory",), ("result_memory",))

    async def bench(ctx):
        await testbench(ctx, dut)

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(bench)
    simulator.run()


async def execute(ctx, dut: UnitTop, instruction: Encode | Decode) -> bool:
    """Execute an instruction in the predicted cycles; whether it reported NaN."""
    word = pack(convert_fields(CONFIG), convert_values(instruction))
    cycles, nan = await run_unit(ctx, dut, word)
    assert cycles == convert_cycles(CONFIG, instruction), instruction
    return nan


@dataclass(frozen=True)
class Encoding:
    """A matrix of FP32 words to quantize, and how it lies."""

    words: np.ndarray
    view: RealView
    bits: int

    @property
    def expected(self) -> SmxMatrix:
        return quantize(self.words.view(np.float32), self.bits)

    @property
    def instruction(self) -> Encode:
        return Encode(self.view, place(CONFIG, 3, *self.words.shape, self.bits))

    def memory(self, rng: np.random.Generator) -> tuple[int, np.ndarray]:
        """The first address, and the words from there on that hold the matrix, others around and between them."""
        rows, columns = self.words.shape
        addresses = np.array([[self.view.word(i, j) for j in range(columns)] for i in range(rows)])
        first = int(addresses.min())
        content = rng.integers(0, 1 << 32, int(addresses.max()) - first + 1, dtype=np.uint32)
        content[addresses - first] = self.words
        return first, content


def check_encodings(encodings: list[Encoding], rng: np.random.Generator) -> None:
    async def testbench(ctx, dut):
        for encoding in encodings:
            instruction, expected = encoding.instruction, encoding.expected
            await write_real(ctx, dut, *encoding.memory(rng))
            nan = await execute(ctx, dut, instruction)
            layout, image = instruction.result, ScratchpadImage(CONFIG)
            await read_scratchpad(ctx, dut, image, range(layout.base, layout.base + layout.words))
            found = image.load(layout, encoding.words.shape)
            wrong = np.argwhere(found.mantissas != expected.mantissas)
            assert (found.exponents == expected.exponents).all(), (encoding, found.exponents, expected.exponents)
            assert not len(wrong), (
                f"element {wrong[0]} of {encoding.view}, {encoding.bits} bits: {found.mantissas[tuple(wrong[0])]}, "
                f"expected {expected.mantissas[tuple(wrong[0])]}"
            )
            assert nan == expected.has_nan

    simulate(testbench)


def random_words(
    rng: np.random.Generator, shape: tuple[int, int], spread: int = 12, specials: float = 0.0
) -> np.ndarray:
    """FP32 numbers around a magnitude of each call's own, some of few bits (ties), zeros, infinities and NaN."""
    exponent = rng.integers(1 + spread, 255 - spread) + rng.integers(-spread, spread + 1, shape)
    fraction = rng.integers(0, 1 << 23, shape) & (-1 << rng.integers(0, 24, shape))
    words = (rng.integers(0, 2, shape) << 31 | exponent << 23 | fraction).astype(np.uint32)
    words[rng.random(shape) < 0.1] = 0
    words[rng.random(shape) < 0.1] = 0x80000000
    chosen = rng.random(shape) < specials
    return np.where(chosen, rng.choice([NAN, INFINITY, 0xFF800000, 0xFFC12345], shape), words).astype(np.uint32)


def seeded(seed: int) -> np.random.Generator:
    print("seed", seed)
    return np.random.default_rng(seed)


@BITS
def test_encoded_matrices_equal_golden_in_the_predicted_cycles(bits):
    rng = seeded(300 + bits)
    encodings = []
    for rows, columns in ((1, 1), (4, 4), (3, 9), (9, 6), (13, 1), (1, 21), (8, 12)):
        base = int(rng.integers(0, CONFIG.real_group_words - 400)) + CONFIG.real_group_words * int(rng.integers(4))
        words = random_words(rng, (rows, columns), spread=12 if columns % 2 else 70, specials=0.02)
        encodings.append(Encoding(words, RealView.matrix(base, rows, columns), bits))
    check_encodings(encodings, rng)


def test_views_with_inner_and_outer_strides():
    """Rows and columns in runs: runs of whole blocks, of whole rows, and shorter or longer ones."""
    rng = seeded(310)
    encodings = []
    for rows, columns, inner_rows, inner_columns in (
        (8, 8, 2, 4),
        (10, 8, 5, 8),
        (9, 16, 3, 8),
        (6, 5, 6, 5),
        (6, 6, 3, 2),
        (5, 12, 1, 3),
        (7, 7, 2, 1),
        (4, 10, 4, 6),
        (4, 9, 4, 12),
    ):
        outer_columns = -(-columns // inner_columns)
        row_stride = inner_columns + int(rng.integers(0, 3))
        outer_column_stride = row_stride * inner_rows + int(rng.integers(0, 3))
        outer_row_stride = outer_column_stride * outer_columns
        view = RealView(5, rows, columns, row_stride, inner_rows, outer_row_stride, inner_columns, outer_column_stride)
        assert whole_rows(view) == (inner_columns % 4 == 0 or inner_columns >= columns)
        bits = SMX_BITS[len(encodings) % len(SMX_BITS)]
        encodings.append(Encoding(random_words(rng, (rows, columns)), view, bits))
    check_encodings(encodings, rng)


@BITS
def test_ties_and_ends_of_the_range(bits):
    """Every boundary between small mantissas, and those at the top, beside one that decides the exponent."""
    steps = np.arange(0, 2 << min(bits, 8)) / 4
    top = (1 << (bits - 1)) - np.arange(0, 16) / 4
    unit = 2.0 ** -(bits - 2)
    values = np.concatenate([steps, top]) * unit
    values = np.concatenate([values, -values, np.nextafter(np.float32(values), np.float32(0))]).astype(np.float32)
    values = np.where(np.abs(values) < 2, values, 0)
    values = values[: len(values) // 15 * 15].reshape(-1, 15)
    blocks = np.concatenate([np.ones((len(values), 1)), values], axis=1).astype(np.float32).reshape(-1, 4, 4)
    matrix = np.concatenate(list(blocks), axis=0)
    rng = seeded(320)
    encodings = []
    for exponent in (-126, 0, 126):
        words = np.ldexp(matrix, exponent).astype(np.float32)
        words[np.abs(words) < np.finfo(np.float32).tiny] = 0
        encodings.append(Encoding(words.view(np.uint32)[:160], RealView.matrix(0, len(words[:160]), 4), bits))
    check_encodings(encodings, rng)


@dataclass(frozen=True)
class Decoding:
    """A tensor whose first column becomes words from ``base`` on."""

    matrix: SmxMatrix
    base: int

    @property
    def instruction(self) -> Decode:
        return Decode(place(CONFIG, 2, *self.matrix.shape, self.matrix.bits), self.matrix.shape[0], self.base)


@BITS
def test_decoded_columns_equal_golden_in_the_predicted_cycles(bits):
    rng = seeded(330 + bits)
    decodings = []
    for rows, columns, exponents in (
        (1, 1, (0, 20)),
        (4, 3, (120, 130)),
        (7, 9, (0, 254)),
        (30, 5, (0, 254)),
        (41, 1, (0, 24)),
    ):
        matrix = random_matrix(rng, (rows, columns), bits, exponents=exponents, nan_blocks=0.1)
        base = (
            MARGIN
            + int(rng.integers(0, CONFIG.real_group_words - 100))
            + CONFIG.real_group_words * int(rng.integers(4))
        )
        decodings.append(Decoding(matrix, base))

    async def testbench(ctx, dut):
        for decoding in decodings:
            instruction, image = decoding.instruction, ScratchpadImage(CONFIG)
            image.store(instruction.source, decoding.matrix)
            await write_scratchpad(ctx, dut, image)
            rows = decoding.matrix.shape[0]
            before = rng.integers(0, 1 << 32, rows + 2 * MARGIN, dtype=np.uint32)
            first = decoding.base - MARGIN
            margin_after = min(MARGIN, CONFIG.real_group_words - (decoding.base + rows) % CONFIG.real_group_words)
            before = before[: MARGIN + rows + margin_after]
            await write_real(ctx, dut, first, before)
            await execute(ctx, dut, instruction)
            after = await read_real(ctx, dut, first, len(before))
            expected = before.copy()
            column = rounded(decoding.matrix.dequantize(), np.float32)[:, 0]
            expected[MARGIN : MARGIN + rows] = np.ascontiguousarray(column).view(np.uint32)
            wrong = np.flatnonzero(after != expected)
            assert not len(wrong), f"word {wrong[0] - MARGIN}: {after[wrong[0]]:08x}, expected {expected[wrong[0]]:08x}"

    simulate(testbench)
