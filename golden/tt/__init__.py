"""Tensor-train layers, by the name of the schedule that experiments use."""

from .full import FullReconstruction
from .layer import TensorTrainLayer
from .partial import PartialReconstruction
from .sequential import Sequential
from .shape import TrainShape, balanced_modes, largest_ranks, random_cores, reconstruct

__all__ = [
    "SCHEDULES",
    "FullReconstruction",
    "PartialReconstruction",
    "Sequential",
    "TensorTrainLayer",
    "TrainShape",
    "balanced_modes",
    "largest_ranks",
    "random_cores",
    "reconstruct",
]

SCHEDULES: dict[str, type[TensorTrainLayer]] = {
    "full": FullReconstruction,
    "prs": PartialReconstruction,
    "sequential": Sequential,
}
