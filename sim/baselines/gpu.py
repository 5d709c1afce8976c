"""GPUs by roofline, with the time that launching kernels takes.

Each kernel takes the longer of its operations at the FP32 rate and its bytes at the memory's bandwidth; results of
products stay in registers where an elementwise kernel follows. ``peak`` takes both rates as the data sheet says
them, ``realistic`` a fraction of both.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pinta_hw.spec import yaml_file
from pinta_hw.spec.errors import UserError

from .workload import FLOAT_BYTES, Kernel, Product, Workload, elementwise_flops

_FILE = Path(__file__).parent / "gpus.yaml"

Positive = Annotated[float, Field(gt=0)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Gpu(_Record):
    """One GPU: FP32 rate without tensor cores, memory, power, time of a launch, and where they come from."""

    name: str
    kind: Literal["edge", "workstation"]
    peak_tflops: Positive
    bandwidth_gb_s: Positive
    power_w: Positive
    launch_us: Annotated[float, Field(ge=0)]
    source: str
    power_source: str
    launch_source: str


class Gpus(_Record):
    """All GPUs, and the fraction of their peak that is called realistic."""

    realistic_fraction: Annotated[float, Field(gt=0, le=1)]
    realistic_fraction_source: str
    gpus: Annotated[tuple[Gpu, ...], Field(min_length=1)]


@dataclass(frozen=True)
class GpuEstimate:
    """A step on a GPU.

    Parameters
    ----------
    method, gpu : str
        What runs on what.
    fraction : float
        Of peak rate and bandwidth.
    roofline_us, launch_us : float
        Time of the kernels, and of launching them; they add up.
    launches : int
        Kernels.
    time_us, energy_uj : float
        Of the step; energy is the board's power times the time.
    """

    method: str
    gpu: str
    fraction: float
    roofline_us: float
    launch_us: float
    launches: int
    time_us: float
    energy_uj: float


def load_gpus() -> Gpus:
    """The GPUs that come with the package."""
    return yaml_file.load(_FILE, Gpus)


def check_fraction(fraction: float) -> None:
    """Refuse a fraction of a peak that is none: a `UserError`."""
    if not 0 < fraction <= 1:
        raise UserError(f"fraction: {fraction} is not possible; allowed: above 0, at most 1")


def on_gpu(gpu: Gpu, workload: Workload, fraction: float = 1.0, *, launches: bool = True) -> GpuEstimate:
    """A step on a GPU.

    Parameters
    ----------
    gpu : Gpu
        Which.
    workload : Workload
        What runs.
    fraction : float
        Of peak rate and bandwidth, above 0 and at most 1.
    launches : bool
        Whether launching takes time.

    Raises
    ------
    UserError
        If the fraction is not possible.
    """
    check_fraction(fraction)
    rate, bandwidth = fraction * gpu.peak_tflops * 1e6, fraction * gpu.bandwidth_gb_s * 1e3  # in a microsecond
    roofline = sum(max(flops / rate, size / bandwidth) for flops, size in _launched(workload))
    launch = gpu.launch_us * workload.launches if launches else 0.0
    time = roofline + launch
    return GpuEstimate(
        workload.method, gpu.name, fraction, roofline, launch, workload.launches, time, gpu.power_w * time
    )


def _launched(workload: Workload) -> list[tuple[int, int]]:
    """Operations and bytes of each kernel; elementwise work is fused to the product before it."""
    found: list[tuple[int, int]] = []
    before: Product | Kernel | None = None
    for one in workload.work:
        if isinstance(one, Product):
            words = one.operand_words + one.result_words * one.stored
            found.append((2 * one.macs, FLOAT_BYTES * words))
        else:
            flops = elementwise_flops([one]) + one.functions
            size = FLOAT_BYTES * (one.reads + one.writes)
            if isinstance(before, Product):
                flops, size = flops + found[-1][0], size + found.pop()[1]
            found.append((flops, size))
        before = one
    return found
