"""What the driver needs from the way to a machine."""

from typing import Protocol


class Transport(Protocol):
    """Registers, memory and interrupt of one machine.

    The memory begins at the address that the register ``memory_base`` shall hold.
    """

    memory_base: int
    """Address of the memory on the machine's AXI port; a multiple of 16."""

    def read_register(self, address: int) -> int:
        """A 32-bit register, by its byte address."""

    def write_register(self, address: int, value: int) -> None:
        """A 32-bit register, by its byte address."""

    def read_memory(self, offset: int, size: int) -> bytes:
        """``size`` bytes of the memory."""

    def write_memory(self, offset: int, content: bytes) -> None:
        """Bytes to the memory."""

    def wait(self) -> None:
        """Return when the interrupt is raised; a transport may return earlier."""
