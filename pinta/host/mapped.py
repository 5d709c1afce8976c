"""A machine behind memory-mapped files: ``/dev/mem``, or a UIO device and a buffer of contiguous memory."""

import ctypes
import mmap
import os
import time
from pathlib import Path
from types import TracebackType

from pinta_hw.spec.registers import ADDRESS_BITS, REGISTER_BYTES

_REGISTERS_BYTES = 1 << ADDRESS_BITS
_POLL_S = 0.001


class MappedTransport:
    """Registers and memory as mappings of files.

    Parameters
    ----------
    registers : Path
        ``/dev/uioN``, or ``/dev/mem`` with the registers' physical address as ``registers_offset``.
    memory : Path
        A buffer that the machine's AXI port reaches, such as ``/dev/udmabuf0`` or ``/dev/mem``.
    memory_size : int
        Bytes of it.
    memory_base : int
        Its physical address; a multiple of 16.
    registers_offset, memory_offset : int
        Where the mappings begin in the files; multiples of the page size.
    interrupts : bool
        Whether ``registers`` is a UIO device that delivers the interrupt. Without, `wait` sleeps a millisecond.
    """

    def __init__(
        self,
        registers: Path,
        memory: Path,
        memory_size: int,
        memory_base: int,
        registers_offset: int = 0,
        memory_offset: int = 0,
        interrupts: bool = False,
    ):
        self.memory_base = memory_base
        self._interrupts = interrupts
        self._device = os.open(registers, os.O_RDWR | os.O_SYNC)
        self._registers_map = mmap.mmap(self._device, _REGISTERS_BYTES, offset=registers_offset)
        # One access of 32 bits each, which slicing does not promise.
        self._registers = (ctypes.c_uint32 * (_REGISTERS_BYTES // REGISTER_BYTES)).from_buffer(self._registers_map)
        with memory.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), memory_size, offset=memory_offset)

    def __enter__(self) -> "MappedTransport":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the mappings."""
        del self._registers
        self._registers_map.close()
        self._memory.close()
        os.close(self._device)

    def read_register(self, address: int) -> int:
        """A 32-bit register."""
        return self._registers[address // REGISTER_BYTES]

    def write_register(self, address: int, value: int) -> None:
        """A 32-bit register."""
        self._registers[address // REGISTER_BYTES] = value

    def read_memory(self, offset: int, size: int) -> bytes:
        """``size`` bytes of the memory."""
        return self._memory[offset : offset + size]

    def write_memory(self, offset: int, content: bytes) -> None:
        """Bytes to the memory."""
        self._memory[offset : offset + len(content)] = content

    def wait(self) -> None:
        """Sleep until the interrupt, or a little."""
        if not self._interrupts:
            time.sleep(_POLL_S)
            return
        os.write(self._device, (1).to_bytes(4, "little"))  # UIO masks the interrupt when it delivers it
        os.read(self._device, 4)
