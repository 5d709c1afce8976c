"""Transposed digit planes and byte planes against NumPy's transpose."""

import random

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator

from pinta_hw.operands.transposer import byte_plane, transposed_plane
from pinta_hw.spec.formats import BLOCK_ELEMENTS, BLOCK_SIDE, DIGIT_BITS, PLANE_BITS

BYTE_BITS = 2 * DIGIT_BITS


def unpack(plane: int, bits: int) -> np.ndarray:
    """The 4 x 4 elements of a plane."""
    elements = [plane >> (bits * n) & ((1 << bits) - 1) for n in range(BLOCK_ELEMENTS)]
    return np.array(elements).reshape(BLOCK_SIDE, BLOCK_SIDE)


class Wiring:
    """Both functions behind signals."""

    def __init__(self):
        self.module = Module()
        self.high, self.low, self.transpose = Signal(PLANE_BITS), Signal(PLANE_BITS), Signal()
        self.plane, self.bytes = Signal(PLANE_BITS), Signal(2 * PLANE_BITS)
        self.module.d.comb += [
            self.plane.eq(transposed_plane(self.high, self.transpose)),
            self.bytes.eq(byte_plane(self.high, self.low, self.transpose)),
        ]

    def run(self, vectors):
        """(digit plane, byte plane) for each (high, low, transpose)."""
        results = []

        async def drive(ctx):
            for high, low, transpose in vectors:
                ctx.set(self.high, high)
                ctx.set(self.low, low)
                ctx.set(self.transpose, transpose)
                results.append((ctx.get(self.plane), ctx.get(self.bytes)))

        simulator = Simulator(self.module)
        simulator.add_testbench(drive)
        simulator.run()
        return results


def single_bits():
    """Each bit of each plane alone: wiring has no other behaviour."""
    return [(1 << bit, 0) for bit in range(PLANE_BITS)] + [(0, 1 << bit) for bit in range(PLANE_BITS)]


def random_planes():
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    return [(rng.getrandbits(PLANE_BITS), rng.getrandbits(PLANE_BITS)) for _ in range(50)]


@pytest.mark.parametrize("planes", [single_bits, random_planes])
@pytest.mark.parametrize("transpose", [0, 1])
def test_planes(planes, transpose):
    vectors = [(high, low, transpose) for high, low in planes()]
    results = Wiring().run(vectors)
    assert len(results) == len(vectors) > 0
    for (high, low, _), (plane, byte) in zip(vectors, results, strict=True):
        digits, joined = unpack(high, DIGIT_BITS), unpack(high, DIGIT_BITS) << DIGIT_BITS | unpack(low, DIGIT_BITS)
        if transpose:
            digits, joined = digits.T, joined.T
        assert np.array_equal(unpack(plane, DIGIT_BITS), digits), f"high {high:#x}"
        assert np.array_equal(unpack(byte, BYTE_BITS), joined), f"high {high:#x}, low {low:#x}"


def test_an_absent_low_digit_leaves_its_nibbles_empty():
    """A format's last byte plane may have no low digit (SMX-4, SMX-12): the digit then is the byte's high nibble."""
    high = int("fedcba9876543210", 16)
    (_, byte), (_, transposed) = Wiring().run([(high, 0, 0), (high, 0, 1)])
    assert byte == int("f0e0d0c0b0a090807060504030201000", 16)
    assert transposed == int("f0b07030e0a06020d0905010c0804000", 16)
