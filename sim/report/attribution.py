"""A gain taken apart: designs that differ in one thing each, from a baseline to ours.

Each factor is the cost before a change over the cost after it, so that their product is the ratio of the first design
to the last one. Another order of changes gives other factors and the same product.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod


@dataclass(frozen=True)
class Design:
    """One design.

    Parameters
    ----------
    name : str
        What it is.
    change : str
        What differs from the design before; empty for the first one.
    time_us : float
        Of a step.
    energy_uj : mapping of str to float
        Of a step, by energy table.
    chip_uj : mapping of str to float
        The same without the memory outside.
    source : str
        Where its figures come from.
    """

    name: str
    change: str
    time_us: float
    energy_uj: Mapping[str, float]
    chip_uj: Mapping[str, float]
    source: str


@dataclass(frozen=True)
class Factor:
    """What one change gains: above 1 is better."""

    change: str
    time: float
    energy: Mapping[str, float]
    chip: Mapping[str, float]


def factors(designs: tuple[Design, ...]) -> tuple[Factor, ...]:
    """The factor of each change, in order."""
    return tuple(
        Factor(
            after.change,
            before.time_us / after.time_us,
            {name: before.energy_uj[name] / after.energy_uj[name] for name in after.energy_uj},
            {name: before.chip_uj[name] / after.chip_uj[name] for name in after.chip_uj},
        )
        for before, after in zip(designs[:-1], designs[1:], strict=True)
    )


def total(designs: tuple[Design, ...]) -> Factor:
    """The product of all factors."""
    found = factors(designs)
    tables = designs[-1].energy_uj
    return Factor(
        "all of them",
        prod(one.time for one in found),
        {name: prod(one.energy[name] for one in found) for name in tables},
        {name: prod(one.chip[name] for one in found) for name in tables},
    )
