"""Energies of events, found again from a measurement that was made of them."""

import numpy as np
import pytest

from rtl_gen.synthesis.energy_by_cycle import GroupEnergy
from sim.area import LOGIC, flip_flops
from sim.events import Event
from sim.part_energy import part_of
from tb.power.characterization import _KINDS, _executed, energies
from tb.power.measurement import Measurement
from tb.power.programs import CHARACTERIZED, training_step

IDLE_PJ = 0.25
LEAKAGE_MW = 0.002
CLOCK = {Event.DIGIT_MULTIPLY: 0.01, Event.ACCUMULATE: 0.07}
"""Of the array's registers."""
DATA = {
    Event.DIGIT_MULTIPLY: 0.1,
    Event.LIVE_MULTIPLY: 0.15,
    Event.LIVE_ACCUMULATE: 0.8,
    Event.QUANTIZE: 0.4,
    Event.ROUND: 1.5,
    Event.ELEMENT_MULTIPLY: 1.25,
    Event.ELEMENT_ADD: 0.5,
    Event.TABLE_READ: 4.5,
    Event.FETCH: 3.0,
    Event.CONVERT: 1.0,
    Event.VECTOR: 7.0,
    Event.REAL_ADD: 1.1,
    Event.REAL_MULTIPLY: 1.9,
    Event.REAL_DIVIDE: 13.0,
    Event.REAL_SQUARE_ROOT: 11.0,
    Event.SCRATCHPAD_READ: 0.2,
    Event.SCRATCHPAD_WRITE: 0.2,
    Event.REAL_READ: 0.1,
    Event.REAL_WRITE: 0.1,
    Event.BEAT: 0.5,
    Event.INSTRUCTION: 11.0,
}


def test_energies_are_found_again() -> None:
    lowered = training_step(CHARACTERIZED)
    executed = list(_executed(lowered))
    cycles = max(each.last for each in executed) + 2
    clock = {part: np.full(cycles, IDLE_PJ) for part in LOGIC}
    data = {part: np.zeros(cycles) for part in LOGIC if part != "update unit"}
    data |= {f"update unit:{kinds[0]}": np.zeros(cycles) for kinds in _KINDS.values()}
    for each in executed:
        for event, count in each.counts.items():
            part = part_of(each.instruction.unit, event)
            group = f"update unit:{_KINDS[event][0]}" if part == "update unit" and event in _KINDS else part
            data[group][each.first] += count * DATA.get(event, 0.0)
            clock[part][each.first] += count * CLOCK.get(event, 0.0)
    groups = {name: GroupEnergy(clock.get(name, np.zeros(cycles)), own, LEAKAGE_MW, 1) for name, own in data.items()}
    groups["update unit"] = GroupEnergy(clock["update unit"], np.zeros(cycles), LEAKAGE_MW, 1)
    found = energies(lowered, Measurement(groups, cycles, 1000.0, 1))
    for event in Event:
        expected = DATA.get(event, 0.0) + CLOCK.get(event, 0.0)
        assert found.events_pj[event] == pytest.approx(expected, rel=1e-6, abs=1e-9), event
    registers = flip_flops(lowered.config)
    assert found.clock_pj == pytest.approx({part: IDLE_PJ / registers[part] for part in LOGIC})
