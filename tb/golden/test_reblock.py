"""New blocks of another layout are the exact elements, quantized once."""

import numpy as np
import pytest

from golden.accumulators import Accumulators
from golden.gemm import accumulate
from golden.layout import Layout
from golden.quantize import quantize
from golden.reblock import quantize_reblocked, reblock
from golden.smx import SmxMatrix
from pinta_hw.spec.formats import NAN_EXPONENT

LAYOUTS = [
    ((5, 12), Layout((5, 3, 4), (0, 1, 2), 2)),
    ((6, 7), Layout((2, 3, 7), (1, 0, 2), 1)),
    ((4, 42), Layout((4, 1, 6, 7), (0, 3, 1, 2), 3)),
    ((9, 3), Layout((-1, 3), (1, 0), 1)),
]


def spread_matrix(seed: int, shape: tuple[int, int], bits: int, octaves: float) -> SmxMatrix:
    rng = np.random.default_rng(seed)
    rows, columns = -(-shape[0] // 4), -(-shape[1] // 4)
    factors = np.exp2(np.rint(octaves * rng.standard_normal((rows, columns))))
    factors[rng.random((rows, columns)) < 0.2] = 0
    scale = np.repeat(np.repeat(factors, 4, axis=0), 4, axis=1)[: shape[0], : shape[1]]
    return quantize(rng.standard_normal(shape) * scale, bits)


@pytest.mark.parametrize("bits", [4, 8, 16])
@pytest.mark.parametrize(("shape", "layout"), LAYOUTS)
@pytest.mark.parametrize("octaves", [0.0, 3.0, 12.0])
def test_a_matrix_is_quantized_once(shape: tuple[int, int], layout: Layout, bits: int, octaves: float) -> None:
    matrix = spread_matrix(1, shape, 16, octaves)
    expected = quantize(layout.apply(matrix.dequantize()), bits)
    assert reblock(matrix, layout, bits).equals(expected)


@pytest.mark.parametrize("bits", [4, 8, 16])
@pytest.mark.parametrize(("shape", "layout"), LAYOUTS)
@pytest.mark.parametrize("octaves", [0.0, 3.0, 12.0])
def test_a_product_is_quantized_once(shape: tuple[int, int], layout: Layout, bits: int, octaves: float) -> None:
    a = spread_matrix(2, (shape[0], 13), 16, octaves)
    b = spread_matrix(3, (13, shape[1]), 8, octaves)
    product = accumulate(a, b)
    # An accumulator has 32 bits: float64 holds every element exactly.
    expected = quantize(layout.apply(product.to_float()), bits)
    assert quantize_reblocked(product, layout, bits).equals(expected)


def test_nan_goes_where_its_elements_go() -> None:
    values = np.ones((8, 8))
    values[0, 0] = np.nan
    matrix = quantize(values, 8)
    after = reblock(matrix, Layout((8, 2, 4), (1, 0, 2), 2), 8)
    # Columns 4 to 7 follow columns 0 to 3: the NaN block stays whole.
    assert (after.exponents == NAN_EXPONENT).sum() == 1
    after = reblock(matrix, Layout((8, 8), (0, 1), 1), 8)
    assert after.equals(matrix)
    after = reblock(matrix, Layout((2, 4, 8), (1, 0, 2), 2), 8)
    # Rows 0, 4, 1, 5 and 2, 6, 3, 7: two rows of NaN in each.
    assert (after.exponents == NAN_EXPONENT).tolist() == [[True, False], [True, False]]


def test_bits_that_fall_out_break_a_tie() -> None:
    mantissas = np.zeros((4, 8), dtype=np.int64)
    mantissas[0, 0], mantissas[0, 4] = 1, 2**16 + 1
    # 1 beside 2**-15 + 2**-31: half a unit of the SMX-16 result and a little more.
    product = Accumulators(mantissas, np.array([[300, 269]]), np.zeros((1, 2), dtype=np.bool_), (1, 8))
    after = quantize_reblocked(product, Layout((2, 4), (1, 0), 1), 16)
    assert after.mantissas[0, 0] == 1 << 14
    assert after.mantissas[0, 1] == 1
