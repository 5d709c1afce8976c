"""The work of one training step: matrix products and elementwise kernels, in the order in which they run."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

FLOAT_BYTES = 4

Phase = Literal["forward", "backward", "update"]
Batch = Literal["rows", "inner", "none"]


@dataclass(frozen=True)
class Product:
    """``rows x inner`` times ``inner x columns``.

    Parameters
    ----------
    name : str
        What it computes.
    phase : str
        ``forward`` or ``backward``.
    rows, inner, columns : int
        Sizes.
    batch : str
        The axis along which points and directions lie, and may be cut: ``rows``; ``inner`` for the gradient of a
        weight, whose pieces are added; or ``none``.
    directional : bool
        Whether its batch has directions, so that it is computed again where a chunk of them is.
    stored : bool
        Whether its result is written; otherwise a kernel takes it from the accumulators.
    """

    name: str
    phase: Phase
    rows: int
    inner: int
    columns: int
    batch: Batch = "rows"
    directional: bool = False
    stored: bool = False

    @property
    def macs(self) -> int:
        """Multiply-adds."""
        return self.rows * self.inner * self.columns

    @property
    def operand_words(self) -> int:
        """Of both matrices, each once."""
        return self.rows * self.inner + self.inner * self.columns

    @property
    def result_words(self) -> int:
        """Of the result."""
        return self.rows * self.columns


@dataclass(frozen=True)
class Kernel:
    """Elementwise work that reads each operand once and writes each result once.

    Parameters
    ----------
    name : str
        What it computes.
    phase : str
        ``forward``, ``backward`` or ``update``.
    elements : int
        Over how many elements.
    adds, multiplies, divides, roots : int
        FP32 operations, of all elements.
    functions : int
        Evaluations of an activation function or its derivative that take a table.
    reads, writes : int
        FP32 words, without the result of the product before.
    directional : bool
        As in `Product`.
    """

    name: str
    phase: Phase
    elements: int
    adds: int = 0
    multiplies: int = 0
    divides: int = 0
    roots: int = 0
    functions: int = 0
    reads: int = 0
    writes: int = 0
    directional: bool = False


def each(
    name: str,
    phase: Phase,
    elements: int,
    shared: int = 0,
    *,
    adds: int = 0,
    multiplies: int = 0,
    reads: int = 0,
    writes: int = 0,
    shared_reads: int = 0,
    shared_writes: int = 0,
) -> Kernel:
    """A kernel by what each element takes.

    Where it has rows of directions, ``shared`` elements of their points are read and written once for all of them.
    """
    return Kernel(
        name,
        phase,
        elements,
        adds=adds * elements,
        multiplies=multiplies * elements,
        reads=reads * elements + shared_reads * shared,
        writes=writes * elements + shared_writes * shared,
        directional=shared > 0,
    )


@dataclass(frozen=True)
class Workload:
    """A step of one method.

    Parameters
    ----------
    method : str
        Its name.
    work : tuple
        Products and kernels, in order.
    points, directions : int
        Interior points, and rows of each beside its base row.
    parameters : int
        Trained numbers.
    largest_layer : int
        Weights of the largest layer.
    kept_words, kept_words_direction : int
        FP32 words that one point, and one direction at one point, keep from the forward to the backward pass.
    """

    method: str
    work: tuple[Product | Kernel, ...]
    points: int
    directions: int
    parameters: int
    largest_layer: int
    kept_words: int
    kept_words_direction: int

    @property
    def products(self) -> tuple[Product, ...]:
        """Matrix products alone."""
        return tuple(one for one in self.work if isinstance(one, Product))

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """Elementwise work alone."""
        return tuple(one for one in self.work if isinstance(one, Kernel))

    @property
    def macs(self) -> int:
        """Multiply-adds of the products."""
        return sum(one.macs for one in self.products)

    @property
    def functions(self) -> int:
        """Transcendental functions."""
        return sum(one.functions for one in self.kernels)

    @property
    def flops(self) -> int:
        """Operations as compilers count them: two for a multiply-add, one for each elementwise operation."""
        return 2 * self.macs + elementwise_flops(self.kernels)

    @property
    def words(self) -> int:
        """FP32 words where each product and each kernel reads and writes memory once."""
        products = sum(one.operand_words + one.result_words * one.stored for one in self.products)
        return products + sum(one.reads + one.writes for one in self.kernels)

    @property
    def launches(self) -> int:
        """Kernels of a GPU: one for each product, with what follows it fused in, and for each kernel that follows
        none.
        """
        alone = sum(
            isinstance(one, Kernel) and not isinstance(before, Product)
            for before, one in zip((None, *self.work[:-1]), self.work, strict=True)
        )
        return len(self.products) + alone


def elementwise_flops(kernels: Iterable[Kernel]) -> int:
    """Adds, multiplies, divides and roots; compilers count transcendental functions apart."""
    return sum(one.adds + one.multiplies + one.divides + one.roots for one in kernels)
