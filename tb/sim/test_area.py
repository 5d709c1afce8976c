"""Areas of any configuration, from the units that were synthesized."""

from dataclasses import replace

import pytest

from pinta_hw.spec.config import AcceleratorConfig, Grouping
from pinta_hw.spec.presets import load_config
from sim.area import area_um2, flip_flops, memory_um2, real_multiply_add_um2

OWN = AcceleratorConfig(
    "own",
    (Grouping(8, 2), Grouping(2, 8)),
    groups=8,
    banks=16,
    words=1024,
    program_depth=1024,
    real_words=4096,
    table_lanes=2,
)


@pytest.mark.parametrize("preset", ["tiny", "edge", "large"])
def test_every_part_has_an_area(preset: str) -> None:
    areas = area_um2(load_config(preset))
    assert all(area > 0 for area in areas.values())
    assert set(flip_flops(load_config(preset))) <= set(areas)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"groupings": (Grouping(8, 8),)}, {"array", "operands and results"}),
        ({"words": 2048}, {"scratchpad banks", "program stores"}),
        ({"groups": 6}, {"scratchpad banks", "scratchpad switch"}),
        ({"real_words": 8192}, {"real memory banks"}),
        ({"table_lanes": 4}, {"elementwise unit"}),
        ({"residual_lanes": 2}, {"residual unit"}),
        ({"update_lanes": 4}, {"update unit"}),
        ({"program_depth": 2048}, {"program stores"}),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_change_costs_where_it_is(change: dict, parts: set[str]) -> None:
    before, after = area_um2(OWN), area_um2(replace(OWN, **change))
    changed = {part for part in before if before[part] != pytest.approx(after[part], rel=0.01)}
    assert changed == parts
    grows = next(iter(change)) not in ("groups", "residual_lanes")
    assert all((after[part] > before[part]) == grows for part in parts)


def test_a_memory_takes_whole_banks() -> None:
    assert memory_um2(1024, 72) == pytest.approx(2622.0672)  # srambank_256x4x72
    assert memory_um2(256, 32) == pytest.approx(415.2384)  # srambank_64x4x32
    assert memory_um2(64, 8) == memory_um2(256, 16) == pytest.approx(249.14304)
    assert memory_um2(4096, 72) == pytest.approx(4 * 2622.0672)
    assert memory_um2(1024, 144) == pytest.approx(2 * 2622.0672)
    assert memory_um2(512, 80) < memory_um2(513, 80) <= memory_um2(1024, 80) < memory_um2(1025, 80)


def test_a_real_multiply_add_is_smaller_than_a_residual_lane() -> None:
    assert 500 < real_multiply_add_um2() < area_um2(replace(OWN, residual_lanes=1))["residual unit"]
