"""JAX measured, as a table."""

from golden.baseline import METHODS
from pinta_hw.spec.errors import UserError
from pinta_hw.spec.experiment import Experiment
from sim.report.table import Column, Row, Table


def measured_table(experiment: Experiment, device: str, repeats: int) -> Table:
    """Steps of automatic differentiation in JAX on a device.

    Raises
    ------
    UserError
        If JAX is not installed or has no such device.
    """
    try:
        from golden.baseline.cost import measure
    except ImportError as error:
        raise UserError("measure: needs JAX; allowed: after pip install 'pinta[baseline]'") from error
    found = [measure(experiment, method, device, repeats) for method in METHODS]
    return Table(
        f"{experiment.name}-measured",
        f"A step of {experiment.name} in JAX, measured",
        (
            Column("method"),
            Column("device"),
            Column("median", "us"),
            Column("least", "us"),
            Column("steps", "count"),
        ),
        tuple(
            Row((one.method, one.device, one.median_us, one.least_us, one.repeats), "measured here by this command")
            for one in found
        ),
        ("gradient and Adam compiled together; each step waits for its result; other work may share the machine",),
    )
