"""A step as a trace for people: Chrome's trace-event format, which https://ui.perfetto.dev opens."""

from collections.abc import Sequence
from typing import Any

from pinta_hw.spec.isa.instruction import Unit

from .program import ProgramEstimate
from .step import unit_name

_PROCESS = 1


def trace_events(estimate: ProgramEstimate, details: Sequence[str] = ()) -> dict[str, Any]:
    """One step, a track for each unit; times and durations in microseconds at the accelerator's clock.

    Parameters
    ----------
    estimate : ProgramEstimate
        Of the program; its first step is shown.
    details : sequence of str, optional
        A line for each instruction of the body, shown with it.

    Returns
    -------
    dict
        A JSON object: ``traceEvents`` with a complete event (``ph`` X) for each instruction, whose ``args`` have its
        phase, its cycles and what it waited for; ``otherData`` with the totals.
    """
    events: list[dict[str, Any]] = [_named("process_name", 0, f"{estimate.config}: one step")]
    for unit in Unit:
        events.append(_named("thread_name", unit + 1, unit_name(unit)))
        events.append(
            {"ph": "M", "pid": _PROCESS, "tid": unit + 1, "name": "thread_sort_index", "args": {"sort_index": unit}}
        )
    tracks = {unit_name(unit): unit + 1 for unit in Unit}
    for index, each in enumerate(estimate.step.executed):
        args: dict[str, Any] = {
            "phase": each.phase,
            "operation": each.kind,
            "start_cycle": each.start,
            "cycles": each.cycles,
            "waits_for": each.waits_for,
            "wait_cycles": each.wait_cycles,
        }
        if details:
            args["details"] = details[index]
        events.append(
            {
                "ph": "X",
                "pid": _PROCESS,
                "tid": tracks[each.unit],
                "name": each.name,
                "cat": each.phase,
                "ts": estimate.time_us(each.start),
                "dur": estimate.time_us(each.cycles),
                "args": args,
            }
        )
    other = {"config": estimate.config, "clock_ghz": estimate.clock_ghz, "step_cycles": estimate.step.cycles}
    return {"traceEvents": events, "displayTimeUnit": "ns", "otherData": other}


def _named(what: str, track: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "pid": _PROCESS, "tid": track, "name": what, "args": {"name": name}}
