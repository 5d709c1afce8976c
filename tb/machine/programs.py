"""Programs that use every unit, small enough for the smallest machine."""

import numpy as np

from golden.machine.machine import Machine as GoldenMachine
from golden.planes import digit_planes
from golden.quantize import quantize
from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.isa.convert import Decode, Encode
from pinta_hw.spec.isa.elementwise import Elementwise, ElementwiseOperation, Walk
from pinta_hw.spec.isa.gemm import Gemm, RealResult
from pinta_hw.spec.isa.instruction import Instruction, Program, Unit
from pinta_hw.spec.isa.real import Optimizer, Update, Vector, VectorOperation
from pinta_hw.spec.isa.real_memory import RealGroup, RealView
from pinta_hw.spec.isa.transfer import BEAT_BYTES, Direction, Transfer
from pinta_hw.spec.layout import TensorLayout, place

SIDE = 8
WORDS = SIDE * SIDE
BEATS = WORDS // 4
MATRIX_BYTES = BEATS * BEAT_BYTES
# Places in the memory outside.
SCALARS, WEIGHTS, TOTALS, TENSOR, INPUTS = 0x0, 0x100, 0x200, 0x300, 0x1000
OUTPUTS, COLUMNS, FINAL = 0x8FC0, 0xC000, 0xE000
MEMORY_BYTES = 1 << 16
HARNESS_BYTES = 1 << 21
"""The memory that is simulated: that of short trainings, so that a machine is compiled once for both."""
# Offsets in a group of the real memory.
SCALE, RATE, PARAMETERS, SUM = 64, 68, 128, 64
T, R, C, G, E, U = Unit.TRANSFER, Unit.RESIDUAL, Unit.CONVERT, Unit.GEMM, Unit.ELEMENTWISE, Unit.UPDATE


def every_unit(config: AcceleratorConfig, steps: int) -> Program:
    """Scales inputs, adds them up, multiplies matrices and elements, decodes a column, updates weights; every step."""
    group = config.real_group_words
    first, second, third, gradient = (number * group for number in RealGroup)
    encoded = place(config, 0, SIDE, SIDE, 12)
    constant = tensor_layout(config)
    product = place(config, 2 * config.group_words, SIDE, SIDE, 8)
    squares = place(config, 3 * config.group_words, SIDE, SIDE, 8)
    prologue = [
        Instruction(Transfer(Direction.LOAD_REAL, SCALARS, 0, first + SCALE, 2)),
        Instruction(Transfer(Direction.LOAD_REAL, WEIGHTS, 0, first + PARAMETERS, BEATS)),
        Instruction(Transfer(Direction.LOAD_REAL, TOTALS, 0, second + SUM, BEATS)),
        Instruction(Transfer(Direction.LOAD_TENSOR, TENSOR, 0, constant.base, constant.words)),
    ]
    body = [
        Instruction(Transfer(Direction.LOAD_REAL, INPUTS, MATRIX_BYTES, first, BEATS), {}, "forward", "inputs"),
        Instruction(Vector(VectorOperation.MULTIPLY, second, first, first + SCALE, WORDS, b_scalar=True), {T: 1}),
        Instruction(Vector(VectorOperation.ADD, second + SUM, second + SUM, second, WORDS)),
        Instruction(Encode(RealView.matrix(second + SUM, SIDE, SIDE), encoded), {R: 2}),
        Instruction(Gemm(encoded, constant, product), {C: 1}),
        Instruction(
            Elementwise(
                ElementwiseOperation.MULTIPLY, walk(product), walk(squares), 1, 2, 2, False, 3, 3, b=walk(encoded)
            ),
            {G: 1},
        ),
        Instruction(Gemm(squares, constant, RealResult(gradient + PARAMETERS, SIDE, SIDE, SIDE)), {E: 1}),
        Instruction(Decode(squares, SIDE, third), {G: 2}),
        Instruction(Update(Optimizer.SGD, PARAMETERS, WORDS, first + RATE), {G: 2}),
        Instruction(Transfer(Direction.STORE_REAL, OUTPUTS, MATRIX_BYTES, first + PARAMETERS, BEATS), {U: 1}),
        Instruction(Transfer(Direction.STORE_REAL, COLUMNS, 2 * BEAT_BYTES, third, 2), {C: 2}),
    ]
    epilogue = [Instruction(Transfer(Direction.STORE_REAL, FINAL, 1 << 20, second + SUM, BEATS))]
    return Program(prologue, body, epilogue, steps)


def tensor_layout(config: AcceleratorConfig) -> TensorLayout:
    """The tensor that the memory holds."""
    return place(config, config.group_words, SIDE, SIDE, 8)


def walk(layout: TensorLayout) -> Walk:
    """Row by row."""
    return Walk(layout.base, layout.bits, 0, layout.row_stride, layout.column_stride, layout.plane_stride)


def image(config: AcceleratorConfig, rng: np.random.Generator, steps: int) -> bytes:
    """The memory that `every_unit` reads."""
    memory = bytearray(MEMORY_BYTES)

    def put(address: int, values) -> None:
        content = np.ascontiguousarray(values).tobytes()
        memory[address : address + len(content)] = content

    put(SCALARS, np.array([1.25, 0, 0, 0, 0.01, 0, 0, 0], np.float32))
    put(WEIGHTS, rng.standard_normal(WORDS).astype(np.float32))
    put(TOTALS, rng.standard_normal(WORDS).astype(np.float32))
    put(INPUTS, rng.standard_normal(steps * WORDS).astype(np.float32))
    layout = tensor_layout(config)
    matrix = quantize(rng.standard_normal((SIDE, SIDE)), layout.bits)
    beats = np.zeros((layout.words, 2), np.uint64)
    planes = digit_planes(matrix)
    for plane in range(planes.shape[0]):
        for row in range(layout.row_blocks):
            for column in range(layout.column_blocks):
                beats[layout.word(row, column, plane) - layout.base] = (
                    planes[plane, row, column],
                    matrix.exponents[row, column],
                )
    put(TENSOR, beats)
    return bytes(memory)


def golden_memory(config: AcceleratorConfig, program: Program, before: bytes) -> bytes:
    """The memory after the program."""
    machine = GoldenMachine(config, len(before))
    machine.write([(0, np.frombuffer(before, np.uint64).reshape(-1, 2))])
    machine.run(program)
    return machine.memory.tobytes()
