"""A record of matrix products, for replaying them elsewhere."""

from dataclasses import dataclass

from .accumulators import Accumulators
from .smx import SmxMatrix


@dataclass(frozen=True, eq=False)
class GemmTrace:
    """One product ``A B`` as it was computed.

    Parameters
    ----------
    name : str
        Such as ``layer1.forward``.
    a, b : SmxMatrix
        The operands as they lie in memory.
    a_transposed, b_transposed : bool
        Whether the product takes the operand's transpose.
    bits : int
        Width of ``result``.
    result : SmxMatrix
        The quantized product. Weight gradients go to FP32 from the accumulators; for them it is the
        product in SMX-16, which training does not use.
    accumulators : Accumulators
        The product before quantization.
    """

    name: str
    a: SmxMatrix
    b: SmxMatrix
    a_transposed: bool
    b_transposed: bool
    bits: int
    result: SmxMatrix
    accumulators: Accumulators
