"""The optimizer's work."""

from collections import Counter

from pinta_hw.spec.real import ADAM, RealOperation

from .workload import Kernel


def adam(parameters: int) -> Kernel:
    """Adam's program, for each parameter: weights and both moments are read and written, gradients read."""
    steps = Counter(step.operation for step in ADAM)
    return Kernel(
        "update",
        "update",
        parameters,
        adds=(steps[RealOperation.ADD] + steps[RealOperation.SUBTRACT]) * parameters,
        multiplies=steps[RealOperation.MULTIPLY] * parameters,
        divides=steps[RealOperation.DIVIDE] * parameters,
        roots=steps[RealOperation.SQUARE_ROOT] * parameters,
        reads=4 * parameters,
        writes=3 * parameters,
    )
