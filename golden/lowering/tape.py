"""What a recorded step is made of: operations without places, and the tables that come from outside."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pinta_hw.spec.isa.instruction import Operation, Unit
from pinta_hw.spec.isa.transfer import Transfer
from pinta_hw.spec.layout import TensorLayout

from .reals import Addresses, RealSpace
from .tensors import Buffer, Plane, RealBuffer, Region


class Places(Protocol):
    """Where things lie, asked when operations become instructions."""

    def rows(self, buffer: Buffer, block: int, count: int) -> TensorLayout:
        """``count`` block rows of a buffer."""

    def real(self, address: int) -> int:
        """Word of an address of `golden.lowering.reals`."""

    def load(self, buffer: Buffer | RealBuffer) -> Transfer:
        """The transfer that fills a buffer from outside."""

    def store_loss(self, term: int, address: int) -> Transfer:
        """The transfer that stores a term of a step's loss."""


@dataclass(frozen=True)
class RealRegion:
    """Words of a real buffer that an operation reads or writes."""

    buffer: RealBuffer
    first: int
    end: int


Use = Region | RealRegion


@dataclass(eq=False)
class Recorded:
    """One operation of the step.

    Parameters
    ----------
    unit : Unit
        That executes it.
    name, phase : str
        For people and reports.
    micro_batch : int
        That it belongs to; for reports.
    reads, writes : tuple
        Everything that it touches.
    build : callable
        The operation, given places.
    """

    unit: Unit
    name: str
    phase: str
    micro_batch: int
    reads: tuple[Use, ...]
    writes: tuple[Use, ...]
    build: Callable[[Places], Operation]


@dataclass(frozen=True, eq=False)
class TensorTable:
    """A tensor that comes from outside: its values for the recorded step."""

    buffer: Buffer
    values: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RealTable:
    """Real numbers that come from outside: their values for the recorded step."""

    buffer: RealBuffer
    values: npt.NDArray[np.floating]


@dataclass
class Tape:
    """A recorded step."""

    operations: list[Recorded] = field(default_factory=list)
    tensor_tables: list[TensorTable] = field(default_factory=list)
    real_tables: list[RealTable] = field(default_factory=list)
    reals: RealSpace = field(default_factory=RealSpace)
    constants: dict[tuple[float, int], Buffer] = field(default_factory=dict)
    """Buffers of a single block by value and bits."""
    constant_tables: dict[tuple[float, int, int, int], Plane] = field(default_factory=dict)
    """Tables of one value by value, rows, columns and bits."""
    phase: str = ""
    micro_batch: int = 0

    def add(
        self,
        unit: Unit,
        name: str,
        reads: list[Use],
        writes: list[Use],
        build: Callable[[Places], Operation],
    ) -> Recorded:
        """Record an operation."""
        operation = Recorded(unit, name, self.phase, self.micro_batch, tuple(reads), tuple(writes), build)
        self.operations.append(operation)
        return operation

    def real_uses(self, addresses: Addresses) -> list[Use]:
        """The words of these addresses, as few regions as possible; gaps count as used."""
        flat = addresses.reshape(-1)
        numbers = flat >> 32
        found: list[Use] = []
        for number in np.unique(numbers):
            offsets = flat[numbers == number] & 0xFFFFFFFF
            buffer = self.reals.buffers[int(number)]
            found.append(RealRegion(buffer, int(offsets.min()), int(offsets.max()) + 1))
        return found
