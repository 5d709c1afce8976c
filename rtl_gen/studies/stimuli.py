"""Random INT8 contractions at the ports of the units, for their energy. One bit of an integer is one stream."""

import random
from collections.abc import Iterator, Mapping

K_BLOCKS = 16
"""K-blocks of a contraction: sixty-four elements."""


def _random_ports(rng: random.Random, streams: int, port: str, width: int) -> dict[str, int]:
    return {f"{port}[{i}]": rng.getrandbits(streams) for i in range(width)}


def _constant(streams: int, name: str, value: int, width: int | None = None) -> dict[str, int]:
    everywhere = (1 << streams) - 1
    if width is None:
        return {name: everywhere * value}
    return {f"{name}[{i}]": everywhere * (value >> i & 1) for i in range(width)}


def _steps(rng: random.Random, streams: int, tiles: int) -> Iterator[tuple[int, int, dict[str, int]]]:
    """K-block, step in it, and the ports that all units share: operands, exponents of small spread, handshakes."""
    for index in range(tiles * K_BLOCKS):
        b = _random_ports(rng, streams, "b", 128)
        exponent = _constant(streams, "pair_exponent", 248, 9) | _random_ports(rng, streams, "pair_exponent", 2)
        for step in range(2):
            ports = b | exponent | _random_ports(rng, streams, "a", 64)
            for name, value in (("zero", 0), ("nan", 0), ("advance", 1), ("rst", index == 0 and step == 0)):
                ports |= _constant(streams, name, int(value))
            ports |= _constant(streams, "capture", int(index % K_BLOCKS == 1 and step == 1))
            yield index % K_BLOCKS, step, ports


def block_unit(rng: random.Random, streams: int, tiles: int) -> Iterator[Mapping[str, int]]:
    """The block unit: low digit plane, then high digit plane, of the same A block."""
    for k_block, step, ports in _steps(rng, streams, tiles):
        # Bits as in StepControl: valid, first, last, shift (2 bits), a_signed, b_signed, tile_first, tile_last.
        bits = (1, step == 0, step == 1, step == 1, 0, step == 1, 1, k_block == 0, k_block == K_BLOCKS - 1)
        control = sum(int(bit) << i for i, bit in enumerate(bits))
        yield ports | _constant(streams, "control", control, len(bits))


def fixed_int8(rng: random.Random, streams: int, tiles: int) -> Iterator[Mapping[str, int]]:
    """The INT8 unit: two rows of A, then the other two."""
    for k_block, step, ports in _steps(rng, streams, tiles):
        control = {"valid": 1, "lower": step, "start": k_block == 0, "finish": k_block == K_BLOCKS - 1}
        for name, value in control.items():
            ports |= _constant(streams, name, int(value))
        yield ports


def fused(rng: random.Random, streams: int, tiles: int) -> Iterator[Mapping[str, int]]:
    """The fused unit with two digits fused: two rows of A, then the other two."""
    for k_block, step, ports in _steps(rng, streams, tiles):
        control = {
            "valid": 1,
            "b_first": 1,
            "b_last": 1,
            "last": step,
            "start": k_block == 0,
            "finish": k_block == K_BLOCKS - 1,
        }
        for name, value in control.items():
            ports |= _constant(streams, name, int(value))
        yield ports | _constant(streams, "fusion", 1, 2) | _constant(streams, "part", step, 2)
