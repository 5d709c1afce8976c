"""A product's estimate: what is larger never costs less, and parts are the whole."""

import dataclasses
import random

import pytest

from pinta_hw.spec.errors import UserError
from pinta_hw.spec.presets import load_config
from sim.energy_table import load_table, table_names
from sim.gemm import estimate_gemm

WIDTHS = (4, 8, 12, 16)
SIZES = {"tiny": 40, "edge": 300}


def larger(rng: random.Random, largest: int) -> tuple[dict[str, int], dict[str, int]]:
    """Two products, the second one larger in one size or precision."""
    less = {name: rng.randint(1, largest) for name in ("m", "n", "k")}
    less |= {name: rng.choice(WIDTHS[:-1]) for name in ("a_bits", "b_bits", "result_bits")}
    grown = rng.choice(list(less))
    return less, less | {grown: less[grown] + (4 if grown.endswith("bits") else rng.randint(1, 8))}


@pytest.mark.parametrize("preset", SIZES)
@pytest.mark.parametrize("table", table_names())
def test_a_larger_product_never_costs_less(preset: str, table: str) -> None:
    """Energy is compared in one grouping: the one that finishes first may be another and read less."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    rng, config, energies = random.Random(seed), load_config(preset), load_table(table)
    compared = 0
    while compared < 200:
        less, more = larger(rng, SIZES[preset])
        try:
            fastest = [estimate_gemm(config, energies, **sizes).cycles for sizes in (less, more)]
        except UserError:  # does not fit
            continue
        compared += 1
        assert fastest[0] <= fastest[1], (less, more)
        for grouping in config.groupings:
            first, second = (estimate_gemm(config, energies, **sizes, grouping=grouping) for sizes in (less, more))
            assert first.cycles <= second.cycles, (less, more, grouping)
            assert first.total_energy_pj <= second.total_energy_pj, (less, more, grouping)


def test_a_smaller_scratchpad_is_never_faster() -> None:
    config = load_config("edge")
    cycles = [
        estimate_gemm(dataclasses.replace(config, words=words), load_table("asap7"), 100, 200, 300, 8, 8, 8).cycles
        for words in (4096, 2048, 1024)
    ]
    assert cycles == sorted(cycles)
    with pytest.raises(UserError, match="does not fit|words"):
        estimate_gemm(dataclasses.replace(config, words=64), load_table("asap7"), 100, 200, 300, 8, 8, 8)


@pytest.mark.parametrize("table", table_names())
def test_parts_are_the_whole(table: str) -> None:
    found = estimate_gemm(load_config("edge"), load_table(table), 64, 64, 64, 12, 8, 16)
    assert sum(found.energy_pj.values()) == pytest.approx(found.total_energy_pj)
    assert found.energy_per_mac_pj * found.macs == pytest.approx(found.total_energy_pj)
