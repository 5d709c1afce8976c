"""Cycles, time, bandwidths and energy of one GEMM, from the timing formulas and an energy table."""

from dataclasses import dataclass

from pinta_hw.spec.accumulator import MAX_CONTRACTION
from pinta_hw.spec.config import AcceleratorConfig, Grouping
from pinta_hw.spec.digits import steps
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.formats import BLOCK_ELEMENTS, BLOCK_SIDE, PLANE_BITS, SMX_BITS, blocks
from pinta_hw.spec.layout import place
from pinta_hw.spec.timing import GemmShape, first_grouping, gemm_cycles

from .energy import energy_pj, standing_pj
from .energy_table import EnergyTable
from .events import UPPER_BOUND, Events, gemm_events


@dataclass(frozen=True)
class GemmEstimate:
    """What one GEMM costs.

    ``utilization`` is the share of all digit multipliers x cycles that worked on elements of the matrices
    (padding does not count). Bandwidths are means over the whole GEMM, in mantissa bits a cycle.
    """

    config: str
    grouping: str
    cycles: int
    time_us: float
    macs: int
    utilization: float
    a_bits_per_cycle: float
    b_bits_per_cycle: float
    result_bits_per_cycle: float
    port_bits_per_cycle: int
    energy_pj: dict[str, float]
    total_energy_pj: float
    energy_per_mac_pj: float
    events: Events
    energy_table: str
    assumptions: tuple[str, ...]


def estimate_gemm(
    config: AcceleratorConfig,
    table: EnergyTable,
    m: int,
    n: int,
    k: int,
    a_bits: int,
    b_bits: int,
    result_bits: int,
    grouping: Grouping | None = None,
) -> GemmEstimate:
    """Cost of ``m x k`` times ``k x n`` (elements), with operands and result in the scratchpad.

    Parameters
    ----------
    grouping : Grouping, optional
        Arrangement of the block units; by default the one that finishes first.

    Raises
    ------
    UserError
        If a size is impossible, a width does not exist, or the matrices do not fit the scratchpad.
    """
    for key, value in (("m", m), ("n", n), ("k", k)):
        if value < 1:
            raise UserError(f"{key}: {value} is not possible; allowed: 1 or more")
    for key, value in (("a-bits", a_bits), ("b-bits", b_bits), ("result-bits", result_bits)):
        if value not in SMX_BITS:
            raise UserError(f"{key}: {value} is not possible; allowed: {', '.join(map(str, SMX_BITS))}")
    if k > MAX_CONTRACTION:
        raise UserError(f"k: {k} is not possible; allowed: 1 to {MAX_CONTRACTION} (longer contractions are split)")
    base = 0
    for rows, columns, bits in ((m, k, a_bits), (k, n, b_bits), (m, n, result_bits)):
        # No two of the matrices may share a group: each starts at the next one.
        last_group = place(config, base, rows, columns, bits).groups(config)[-1]
        base = (last_group + 1) * config.group_words
    shape = GemmShape(blocks(m), blocks(n), blocks(k), a_bits, b_bits, result_bits)
    if grouping is None:
        index, cycles = first_grouping(config, shape)
        grouping = config.groupings[index]
    elif grouping in config.groupings:
        cycles = gemm_cycles(config, grouping, shape)
    else:
        raise UserError(f"grouping: {grouping} is not possible; allowed: {', '.join(map(str, config.groupings))}")
    events = gemm_events(config, grouping, shape)
    energy = energy_pj(config, table, events.counts()) | standing_pj(config, table, cycles)
    total = sum(energy.values())
    digit_multiplies = m * n * k * len(steps(a_bits, b_bits))
    return GemmEstimate(
        config=config.name,
        grouping=str(grouping),
        cycles=cycles,
        time_us=cycles / config.clock_ghz / 1e3,
        macs=m * n * k,
        utilization=digit_multiplies / (cycles * config.units * BLOCK_ELEMENTS * BLOCK_SIDE),
        a_bits_per_cycle=events.a_reads * PLANE_BITS / cycles,
        b_bits_per_cycle=events.b_reads * PLANE_BITS / cycles,
        result_bits_per_cycle=events.writes * PLANE_BITS / cycles,
        port_bits_per_cycle=config.port_bits,
        energy_pj=energy,
        total_energy_pj=total,
        energy_per_mac_pj=total / (m * n * k),
        events=events,
        energy_table=table.name,
        assumptions=(
            "operands and result stay in the scratchpad",
            f"clock {config.clock_ghz:g} GHz",
            UPPER_BOUND,
            *(f"not included: {item}" for item in table.excluded),
        ),
    )
