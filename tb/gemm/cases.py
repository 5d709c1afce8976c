"""GEMMs that visit every corner: awkward shapes, all pairs of precisions, transposed operands, all groupings."""

import itertools

import numpy as np

from pinta_hw.spec.config import AcceleratorConfig
from pinta_hw.spec.formats import SMX_BITS
from tb.matrices import random_matrix

from .batch import GemmCase

AWKWARD = [(1, 1, 1), (3, 5, 9), (9, 3, 5), (17, 33, 6), (5, 70, 12), (40, 4, 28), (13, 13, 100)]
"""Rows, columns, contraction."""
SKINNY = [(256, 8, 64), (64, 128, 8), (8, 64, 200), (100, 3, 64)]
"""Shapes of tensor-train layers and of last layers."""
SMALL_SIDE = 40
"""Longest side on accelerators whose scratchpad groups are small."""


def corner_cases(config: AcceleratorConfig, seed: int) -> list[GemmCase]:
    """Every pair of precisions twice, with shapes, transposition, result widths and groupings in turn."""
    rng = np.random.default_rng(seed)
    longest = max(max(shape) for shape in SKINNY) if config.group_words >= 8192 else SMALL_SIDE
    shapes = itertools.cycle([tuple(min(side, longest) for side in shape) for shape in AWKWARD + SKINNY])
    turns = itertools.cycle([(False, False), (True, False), (False, True)])
    groupings = itertools.cycle([None, *range(len(config.groupings))])
    cases = []
    for index, (_, a_bits, b_bits) in enumerate(itertools.product(range(2), SMX_BITS, SMX_BITS)):
        (m, n, k), result_bits = next(shapes), SMX_BITS[(index + index // len(SMX_BITS)) % len(SMX_BITS)]
        a_transposed, b_transposed = next(turns)
        name = f"{m}x{k} {k}x{n}, SMX-{a_bits} x SMX-{b_bits} to SMX-{result_bits}"
        a = random_matrix(rng, (m, k), a_bits, exponents=(60, 190) if k > 50 else (117, 137), nan_blocks=0.01)
        b = random_matrix(rng, (k, n), b_bits)
        cases.append(GemmCase(name, a, b, result_bits, a_transposed, b_transposed, next(groupings)))
    return cases


def extreme_cases(seed: int) -> list[GemmCase]:
    """Full-scale operands over the longest contraction, and exponents at both ends of their range."""
    rng = np.random.default_rng(seed)
    full = {"exponents": (127, 127), "zero_blocks": 0.0, "full_scale": 1.0}
    tiny = {"exponents": (0, 3), "zero_blocks": 0.0}
    huge = {"exponents": (250, 254), "zero_blocks": 0.0}
    return [
        GemmCase("longest", random_matrix(rng, (4, 4096), 8, **full), random_matrix(rng, (4096, 4), 8, **full), 16),
        GemmCase("smallest", random_matrix(rng, (8, 16), 12, **tiny), random_matrix(rng, (16, 8), 12, **tiny), 12),
        GemmCase("overflow", random_matrix(rng, (8, 16), 8, **huge), random_matrix(rng, (16, 8), 8, **huge), 8),
        GemmCase("both ends", random_matrix(rng, (8, 16), 8, **huge), random_matrix(rng, (16, 8), 8, **tiny), 8),
    ]


def headline_cases(seed: int) -> list[GemmCase]:
    """The shapes by which the array's utilization is judged, and the four precisions of A."""
    rng = np.random.default_rng(seed)
    wanted = [(256, 128, 128, 8), (992, 8, 128, 8), (992, 128, 8, 8)]
    wanted += [(256, 128, 128, bits) for bits in (4, 12, 16)]
    cases = []
    for m, n, k, a_bits in wanted:
        a, b = random_matrix(rng, (m, k), a_bits), random_matrix(rng, (k, n), 8)
        cases.append(GemmCase(f"{m}x{k} {k}x{n}, SMX-{a_bits} x SMX-8 to SMX-8", a, b, 8))
    return cases
