from .flow import STA_MISSING, ModuleArea, SynthesisResult, synthesize
from .timing import CONSTANT_HIGH, CONSTANT_LOW, RANDOM, Activity

__all__ = [
    "CONSTANT_HIGH",
    "CONSTANT_LOW",
    "RANDOM",
    "STA_MISSING",
    "Activity",
    "ModuleArea",
    "SynthesisResult",
    "synthesize",
]
